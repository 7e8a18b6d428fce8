// The small parts every page uses: sheets, toasts, avatars, empty and busy states.

import { fill, h, icon } from "./dom.js";
import { hueOf } from "./text.js";
import { SignedOut } from "./session.js";

/** Open a sheet over the page and return its close function; Escape and a tap outside close it too. */
export function openSheet(title, build) {
  const close = () => dialog.close();
  const heading = h("h2", { id: "sheet-title" }, title);
  const dismiss = h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: close }, icon("close"));
  const body = h("div", { class: "sheet-body" });
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "sheet-title" }, h("header", {}, heading, dismiss), body);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  dialog.addEventListener("close", () => dialog.remove());
  fill(body, build(close));
  document.body.append(dialog);
  dialog.showModal();
  return close;
}

/** Ask before something that cannot be undone; resolves to whether the person agreed. */
export function confirmSheet(title, text, action) {
  return new Promise((resolve) => {
    let agreed = false;
    openSheet(title, (close) => [
      h("p", {}, text),
      h("div", { class: "row" },
        h("button", { class: "button quiet", type: "button", onclick: close }, "Cancel"),
        h("button", { class: "button danger", type: "button", onclick: () => { agreed = true; close(); } }, action)),
    ]);
    document.querySelector("dialog.sheet:last-of-type").addEventListener("close", () => resolve(agreed));
  });
}

/** Return a row of a sheet's menu. */
export function menuItem(iconName, text, onclick, { isDanger = false } = {}) {
  return h("button", { class: isDanger ? "menu-item danger-text" : "menu-item", type: "button", onclick }, icon(iconName), text);
}

/** Say something in passing; a screen reader hears it. */
export function toast(text, { action, onAction } = {}) {
  const region = document.getElementById("toasts");
  const item = h("div", { class: "toast" }, h("span", {}, text));
  if (action) item.append(h("button", { type: "button", onclick: () => { item.remove(); onAction(); } }, action));
  region.replaceChildren(item);
  setTimeout(() => item.remove(), action ? 8000 : 4500);
}

/** Run a write and say in a toast why it failed; returns whether it worked. `undo` puts the page back. */
export async function attempt(work, undo = () => {}) {
  try {
    await work();
    return true;
  } catch (error) {
    undo();
    if (!(error instanceof SignedOut)) toast(error.message);
    return false;
  }
}

/** Return the round monogram of a person; its colour is always the same for the same name. */
export function avatar(user, size = "") {
  const letter = Array.from(user.display_name || user.username)[0].toUpperCase();
  return h("span", { class: `avatar ${size}`, "aria-hidden": "true", style: { "--hue": String(hueOf(user.username)) } }, letter);
}

/** Return what a page shows when it has nothing to show, with a way on. */
export function emptyState(iconName, title, text, ...actions) {
  return h("div", { class: "empty" }, icon(iconName, "icon large"), h("h2", {}, title), h("p", {}, text), ...actions);
}

/** Return a spinner that says what is loading. */
export function spinner(label = "Loading") {
  return h("div", { class: "spinner", role: "status" }, h("span", { class: "visually-hidden" }, label));
}

/** Return a page's header: back, title, actions at the end. */
export function pageHeader(title, { onBack, actions = [] } = {}) {
  const back = onBack && h("button", { class: "icon-button", type: "button", "aria-label": "Back", onclick: onBack }, icon("back"));
  return h("header", { class: "page-header" }, back, h("h1", {}, title), h("div", { class: "page-actions" }, actions));
}

/** Return a failed load's message with a way to try again. */
export function failure(error, retry) {
  const again = h("button", { class: "button", type: "button", onclick: retry }, "Try again");
  return emptyState("refresh", "This did not load", error.message, again);
}
