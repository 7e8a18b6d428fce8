// A picture that a clip begins from: chosen, sent, looked at for strangers' faces, and named by its id.

import { get, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { randomKey } from "./text.js";

const LOOK_MS = 1000;

/** Return {name, control, element, showError, id()}: a field for `form`; `onChange` hears when the id changes. */
export function pictureField(onChange) {
  const control = h("input", { type: "file", id: "field-input_reference", name: "input_reference", accept: "image/jpeg,image/png,image/webp" });
  const error = h("p", { class: "field-error", role: "alert" });
  const state = h("div", { class: "picture-state", "aria-live": "polite" });
  let upload = null;
  let turn = 0;

  const set = (news) => { upload = news; onChange(); };
  const showError = (message) => { error.textContent = message ?? ""; };
  const clear = () => {
    turn += 1;
    if (upload) remove(`/uploads/${upload.id}`).catch(() => {});
    control.value = "";
    fill(state);
    set(null);
  };
  control.addEventListener("change", async () => {
    const [file] = control.files;
    const mine = ++turn;
    showError(null);
    if (!file) { clear(); return; }
    fill(state, h("p", { class: "quiet-text" }, "Looking at your picture…"));
    try {
      const body = new FormData();
      body.append("file", file);
      let news = await post("/uploads", body, { key: randomKey() });
      while (news.state === "checking" && mine === turn) {
        await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
        news = await get(`/uploads/${news.id}`);
      }
      if (mine !== turn) return;
      if (news.state !== "ready") { clear(); showError(news.reason.message); return; }
      set(news);
      fill(state, h("button", { class: "button quiet small", type: "button", onclick: clear }, icon("close"), "Without the picture"));
    } catch (problem) {
      if (mine === turn) { clear(); showError(problem.message); }
    }
  });
  const element = h("div", { class: "field" }, h("label", { for: control.id }, "Begin from a picture"), control,
    h("p", { class: "field-hint" }, "No stranger's face: it is looked at before it is used."), state, error);
  return { name: "input_reference", control, element, showError, id: () => upload?.id };
}
