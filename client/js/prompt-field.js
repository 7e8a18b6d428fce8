// The prompt, with a counter and the policy's verdict drawn under the very words it is about.

import { post } from "./api.js";
import { appealButton } from "./appeals.js";
import { fill, h } from "./dom.js";
import { SignedOut } from "./session.js";
import { characters, randomKey, splitSpan } from "./text.js";

const PAUSE_MS = 600;

/**
 * Return {element, control, name, showError, showReasons}: a field for `form`. `request()` gives the body
 * that the preflight asks about; `onVerdict` hears every verdict.
 */
export function promptField({ limit, value = "", request, onVerdict }) {
  const control = h("textarea", { id: "field-prompt", name: "prompt", class: "prompt", rows: 4, required: true, dir: "auto", placeholder: "A red rubber ball bounces down a staircase at sunset", "aria-describedby": "prompt-verdict prompt-count field-prompt-error" });
  control.value = value;
  const marks = h("div", { class: "prompt prompt-marks", "aria-hidden": "true", dir: "auto" });
  const counter = h("span", { id: "prompt-count", class: "counter" });
  const verdict = h("div", { id: "prompt-verdict", class: "verdict", "aria-live": "polite" });
  const error = h("p", { class: "field-error", id: "field-prompt-error", role: "alert" });
  let timer = null;
  let asking = null;

  const count = () => {
    const used = characters(control.value);
    counter.textContent = `${used} / ${limit}`;
    counter.classList.toggle("over", used > limit);
  };
  const showError = (message) => {
    error.textContent = message ?? "";
    if (message) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  const showReasons = (reasons) => {
    const spans = reasons.filter(({ field, span }) => field === "prompt" && span).map(({ span }) => span);
    fill(marks, highlighted(control.value, spans));
    fill(verdict, reasons.map(({ message, suggestion }) => h("p", { class: "reason" }, h("strong", {}, message), suggestion && ` ${suggestion}`)),
      reasons.some(({ span }) => span) && appealButton(() => post("/generations/appeals", { request: request(), text: "" }, { key: randomKey() })));
    marks.scrollTop = control.scrollTop;
  };
  const ask = async () => {
    asking?.abort();
    if (!control.value.trim() || characters(control.value) > limit) return;
    asking = new AbortController();
    try {
      const answer = await post("/generations/preflight", request(), { signal: asking.signal });
      showReasons(answer.allowed ? [] : answer.reasons);
      onVerdict(answer);
    } catch (failure) {
      if (failure.name === "AbortError" || failure instanceof SignedOut) return;
      onVerdict(null); // the real call decides anyway
    }
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE_MS); };

  control.addEventListener("input", () => { showError(null); showReasons([]); onVerdict(null); count(); later(); });
  control.addEventListener("scroll", () => { marks.scrollTop = control.scrollTop; });
  control.checkValidity = () => control.value.trim() !== "" && characters(control.value) <= limit;
  Object.defineProperty(control, "validity", { get: () => ({ valueMissing: control.value.trim() === "" }) });
  Object.defineProperty(control, "validationMessage", { get: () => `Please stay within ${limit} characters.` });
  count();
  if (value) later();

  const element = h("div", { class: "field" },
    h("div", { class: "label-row" }, h("label", { for: "field-prompt" }, "What happens in your clip?"), counter),
    h("div", { class: "prompt-box" }, marks, control), verdict, error);
  return { name: "prompt", control, element, showError, showReasons, recheck: later, stop: () => { clearTimeout(timer); asking?.abort(); } };
}

// Marks of several reasons may overlap; each character is marked at most once.
function highlighted(text, spans) {
  const length = characters(text);
  const inOrder = spans.sort((a, b) => a[0] - b[0]);
  const parts = [];
  let from = 0;
  for (const [start, end] of inOrder) {
    if (end <= from) continue;
    const [, plain] = splitSpan(text, [from, Math.max(from, start)]);
    const [, marked] = splitSpan(text, [Math.max(from, start), end]);
    parts.push(plain, h("mark", {}, marked));
    from = end;
  }
  return [...parts, splitSpan(text, [from, length])[1]];
}
