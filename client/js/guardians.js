// Who looks after whom: a young person asks, an adult answers and says what they may do.

import { get, patch, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { field, form } from "./forms.js";
import { attempt, confirmSheet, failure, openSheet, spinner, toast } from "./ui.js";

const STANDINGS = {
  granted: "You may make a cameo of yourself: a guardian allows it.",
  guardian_needed: "To make a cameo of yourself you need a guardian who allows it: an adult with an account here.",
  too_young: "You are too young to make a cameo of yourself, whoever allows it.",
  unknown_age: "Your account has no date of birth. Ask whoever runs this place to set it.",
};

/** Open my guardians while I am under 18, and my wards from then on. */
export function openGuardians() {
  const box = h("div", { class: "panel" }, spinner("Loading guardians"));
  openSheet("Guardians", () => box);
  const load = async () => {
    try {
      const [mine, { items: wards }] = await Promise.all([get("/me/guardians?limit=50"), get("/me/wards?limit=50")]);
      fill(box, mine.likeness_standing === "adult" ? wardsPart(wards, load) : guardiansPart(mine, load));
    } catch (error) {
      fill(box, failure(error, load));
    }
  };
  load();
}

/** Tell an adult at once that a young person asks them. */
export function announceWard({ username }) {
  toast(`@${username} asks you to be their guardian.`, { action: "See", onAction: openGuardians });
}

/** Return a note for every young person who waits for my answer. */
export function wardNotes(wards) {
  return wards.filter(({ state }) => state === "asked").map(({ username }) => h("button", { class: "note ask-note", type: "button", onclick: openGuardians }, icon("person"), `@${username} asks you to be their guardian`));
}

function guardiansPart({ likeness_standing: standing, items }, changed) {
  const rows = h("ul", { class: "rows" }, items.map((link) => h("li", { class: "row-item" },
    nameOf(link, link.state === "asked" ? "Has not answered yet" : link.may_enrol_cameo ? "Allows you a cameo" : "Is your guardian; does not allow a cameo"),
    ending(link, "What they allowed you ends too.", () => remove(`/me/guardians/${link.username}`), changed))));
  return [h("p", { class: "quiet-text" }, STANDINGS[standing]), rows, standing !== "unknown_age" && items.length < 2 && askForm(changed)];
}

function askForm(changed) {
  return form({
    fields: [field("username", "Ask somebody", { required: true, maxlength: 30, autocapitalize: "none", autocomplete: "off", hint: "Their username. They learn that you are under 18." })],
    submit: "Ask",
    async onSubmit({ username }) {
      await post("/me/guardians", { username: username.trim().replace(/^@/, "") });
      toast("Asked. They are told, and answer under Guardians.");
      await changed();
    },
  });
}

function wardsPart(wards, changed) {
  const text = wards.length ? "Be a guardian only of young people whom you look after." : "Nobody has asked you to be their guardian.";
  return [h("p", { class: "quiet-text" }, text), h("ul", { class: "rows" }, wards.map((link) => (link.state === "asked" ? askedRow : wardRow)(link, changed)))];
}

function askedRow(link, changed) {
  const answer = async (accept) => {
    if (await attempt(() => post(`/me/wards/${link.username}`, { accept }))) await changed();
  };
  return h("li", { class: "row-item stacked" }, nameOf(link, "Asks you to be their guardian"),
    h("div", { class: "row" },
      h("button", { class: "button quiet small", type: "button", onclick: () => answer(false) }, "Decline"),
      h("button", { class: "button primary small", type: "button", onclick: () => answer(true) }, icon("check"), "Accept")));
}

function wardRow(link, changed) {
  const id = `grant-${link.username}`;
  const grant = h("input", { type: "checkbox", role: "switch", id, checked: link.may_enrol_cameo });
  grant.addEventListener("change", () => attempt(() => patch(`/me/wards/${link.username}`, { may_enrol_cameo: grant.checked }), () => { grant.checked = !grant.checked; }));
  return h("li", { class: "row-item stacked" },
    h("div", { class: "switch-row" }, nameOf(link, "You are their guardian"), ending(link, "What you allowed them ends too.", () => remove(`/me/wards/${link.username}`), changed)),
    h("label", { class: "switch-row", for: id }, h("span", {}, "May make a cameo", h("small", {}, "Of their own face and voice. Off: a cameo they have is paused.")), grant));
}

function nameOf({ username, display_name: name }, note) {
  return h("span", {}, h("strong", { dir: "auto" }, name ? `${name} (@${username})` : `@${username}`), h("small", {}, note));
}

function ending({ state, username }, loss, end, changed) {
  const isAsked = state === "asked";
  const ask = () => (isAsked ? confirmSheet(`Ask @${username} no longer?`, "They cannot answer any more.", "Take back") : confirmSheet(`End this with @${username}?`, loss, "End"));
  const onclick = async () => {
    if ((await ask()) && (await attempt(end))) await changed();
  };
  return h("button", { class: "button quiet small", type: "button", onclick }, isAsked ? "Take back" : "End");
}
