// Whom to put into a clip: the cameos one may use, each a press away from the prompt.

import { get } from "./api.js";
import { fill, h } from "./dom.js";

const PAUSE_MS = 250;
const SHOWN_MAX = 12;
const MENTION = /@([a-z0-9_.-]*)$/i;

/** Return {element} for a prompt's control: typing "@" narrows the list, a press writes the handle. */
export function castField(control) {
  const list = h("div", { class: "ideas", role: "group", "aria-label": "Who is in it" });
  const element = h("div", { class: "cast", hidden: true }, list);
  let timer = null;
  const show = async (query) => {
    const { items } = await get(`/cameos/search?q=${encodeURIComponent(query)}&limit=${SHOWN_MAX}`).catch(() => ({ items: [] }));
    element.hidden = items.length === 0;
    fill(list, items.map((cameo) => h("button", { type: "button", class: "chip", onclick: () => write(control, cameo.handle) }, `@${cameo.handle}`, cameo.usable === "ask" && h("small", {}, "asks first"))));
  };
  control.addEventListener("input", () => {
    clearTimeout(timer);
    const typed = MENTION.exec(control.value.slice(0, control.selectionStart));
    if (typed) timer = setTimeout(() => show(typed[1]), PAUSE_MS);
  });
  show("");
  return { element };
}

// What was begun with "@" before the cursor becomes the handle; else it goes to the cursor.
function write(control, handle) {
  const at = control.selectionStart ?? control.value.length;
  const before = control.value.slice(0, at).replace(MENTION, "");
  const gap = before && !/\s$/.test(before) ? " " : "";
  const head = `${before}${gap}@${handle} `;
  control.value = head + control.value.slice(at).replace(/^\s+/, "");
  control.setSelectionRange(head.length, head.length);
  control.dispatchEvent(new Event("input"));
  control.focus();
}
