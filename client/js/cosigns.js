// Who asks to make a clip with me: their prompt as they wrote it, and my answer.

import { get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { serverEvents } from "./events.js";
import { setBusy } from "./forms.js";
import { goBack } from "./router.js";
import { about, ago } from "./text.js";
import { attempt, emptyState, failure, pageHeader, spinner, toast } from "./ui.js";

const STATES = { approved: "You agreed", denied: "You declined", expired: "Nobody answered in time", dropped: "No longer needed" };

/** Open the inbox of questions. */
export function openCosigns() {
  const body = h("div", { class: "page-body narrow" }, spinner("Loading"));
  const element = h("section", { class: "page" }, pageHeader("Questions to you", { onBack: () => goBack("/me/likeness") }), body);
  const closing = new AbortController();
  const opened = async () => {
    try {
      const { items } = await get("/cosigns?limit=50");
      if (closing.signal.aborted) return;
      fill(body, items.length ? h("ul", { class: "cosigns" }, items.map(cosignCard)) : emptyState("check", "No questions", "When a cameo of yours asks you each time, who wants to use it stands here."));
    } catch (error) {
      fill(body, failure(error, opened));
    }
  };
  serverEvents.addEventListener("cosign.requested", opened, { signal: closing.signal });
  return { element, title: "Questions to you", opened, close: () => closing.abort() };
}

function cosignCard(cosign) {
  const card = h("li", { class: "cosign" });
  const { preview } = cosign;
  const answer = async (button, value) => {
    setBusy(button, true);
    const isDone = await attempt(async () => { Object.assign(cosign, await post(`/cosigns/${cosign.id}`, { answer: value })); });
    if (isDone) { toast(value === "approve" ? "They may make it, this once." : "It will not be made."); show(); }
    setBusy(button, false);
  };
  const show = () => {
    const no = h("button", { class: "button", type: "button", onclick: () => answer(no, "deny") }, "No");
    const yes = h("button", { class: "button primary", type: "button", onclick: () => answer(yes, "approve") }, "Yes, this one");
    const left = (new Date(cosign.expires_at) - Date.now()) / 1000;
    fill(card,
      h("p", {}, h("strong", {}, `@${cosign.by}`), ` asks for @${cosign.cameo}`, h("small", {}, ` · ${ago(cosign.created_at)}`)),
      cosign.state === "asked"
        ? [h("blockquote", { class: "prompt-quote", dir: "auto" }, promptOf(preview)),
          preview.caption && h("p", { class: "quiet-text", dir: "auto" }, `Caption: ${preview.caption}`),
          h("p", { class: "quiet-text" }, `${preview.seconds} s${preview.publish ? " · published when ready" : " · a draft at first"} · you have ${about(left)}`),
          h("div", { class: "row" }, no, yes)]
        : h("p", { class: "quiet-text" }, STATES[cosign.state]));
  };
  show();
  return card;
}

function promptOf({ prompt, shots }) {
  return prompt || (shots ?? []).map((shot) => shot.prompt).join(" → ");
}
