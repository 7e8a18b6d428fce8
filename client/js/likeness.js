// My likenesses at a glance: my cameo, my characters, my protected face, and who waits for an answer.

import { authorized, get, getPublic, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { field, form } from "./forms.js";
import { wardNotes } from "./guardians.js";
import { go } from "./router.js";
import { ago, randomKey } from "./text.js";
import { attempt, confirmSheet, failure, openSheet, spinner, toast } from "./ui.js";

export const AUDIENCES = { only_me: "Only me", approved: "People I allow", mutuals: "People I follow back", everyone: "Everyone here" };
const STATES = { checking: "Being looked at", frozen: "Frozen by a moderator", refused: "Not accepted: it shows a human face", revoked: "Ended" };

/** Return the panel of my own page. */
export function likenessPanel() {
  const box = h("div", { class: "panel" }, spinner("Loading"));
  const load = async () => {
    try {
      const [{ items }, { items: shielded }, { items: asked }, { items: wards }] = await Promise.all([get("/cameos?limit=50"), get("/protected-faces"), get("/cosigns?state=asked&limit=50"), get("/me/wards?limit=50")]);
      const me = items.find(({ kind, state }) => kind === "person" && state !== "revoked");
      const characters = items.filter(({ kind, state }) => kind === "character" && state !== "revoked");
      fill(box,
        wardNotes(wards),
        asked.length > 0 && h("a", { class: "note ask-note", href: "#/likeness/cosigns" }, icon("person"), `${asked.length === 1 ? "One person waits" : `${asked.length} people wait`} for your answer`),
        me ? cameoRow(me) : startCard(),
        h("div", { class: "panel-head" }, h("h2", {}, "Characters"), h("button", { class: "button small", type: "button", onclick: () => openCharacterForm(load) }, icon("plus"), "New")),
        characters.length ? h("ul", { class: "rows" }, characters.map((one) => h("li", {}, cameoRow(one)))) : h("p", { class: "quiet-text" }, "Your dog, a doll, a drawing: what has no human face can play along."),
        h("h2", {}, "Protection"),
        shielded.length
          ? h("ul", { class: "rows" }, shielded.map((one) => shieldRow(one, load)))
          : h("div", { class: "plain-card" }, h("p", {}, "Without giving a cameo you can register your face so that no clip may show it. Every clip is compared before anybody sees it."), h("a", { class: "button", href: "#/likeness/enrol?kind=protected" }, "Keep my face out")));
    } catch (error) {
      fill(box, failure(error, load));
    }
  };
  load();
  return box;
}

function startCard() {
  return h("div", { class: "plain-card start-card" }, icon("spark", "icon large"), h("h2", {}, "Be in your clips"),
    h("p", {}, "Enrol your face once, with a short liveness check. Then write “@you” into a prompt. Nobody else may use it until you say so, and you can end it at any time."),
    h("a", { class: "button primary", href: "#/likeness/enrol" }, "Make my cameo"));
}

function cameoRow(cameo) {
  const state = STATES[cameo.state] ?? (cameo.is_paused ? "Paused" : AUDIENCES[cameo.audience]);
  return h("a", { class: "cameo-row", href: `#/likeness/${cameo.handle}` }, portraitOf(cameo),
    h("span", {}, h("strong", {}, `@${cameo.handle}`), h("small", {}, state, cameo.ask_me && cameo.state === "active" && " · asks you each time")));
}

/** Return a cameo's picture; only its owner is given one, and it is fetched with their token. */
export function portraitOf(cameo) {
  const image = h("img", { class: "portrait", alt: "", width: 56, height: 56 });
  if (cameo.portrait_url) {
    authorized(cameo.portrait_url).then(async (response) => {
      if (!response.ok) return;
      const address = URL.createObjectURL(await response.blob());
      image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
      image.src = address;
    }).catch(() => {});
  }
  return image;
}

function shieldRow(face, changed) {
  const end = async () => {
    if (!(await confirmSheet("End the protection?", "Clips are no longer compared with your face; what was kept of it is destroyed.", "End it"))) return;
    if (await attempt(() => remove(`/protected-faces/${face.id}`))) { toast("Ended."); changed(); }
  };
  return h("li", { class: "row-item" }, h("span", {}, h("strong", {}, "Your face is protected"), h("small", {}, `Since ${ago(face.created_at)}`)),
    h("button", { class: "button quiet small", type: "button", onclick: end }, "End"));
}

function openCharacterForm(changed) {
  openSheet("New character", (close) => {
    const name = h("input", { type: "text", required: true, maxlength: 12, pattern: "[a-z0-9]{2,12}", autocapitalize: "none", placeholder: "rex" });
    const image = h("input", { type: "file", required: true, accept: "image/jpeg,image/png,image/webp" });
    return form({
      fields: [field("name", "Name", { input: name, hint: "2 to 12 small letters and digits; it becomes part of the handle." }), field("image", "Picture", { input: image, hint: "A pet, an object, a drawing. No human face." })],
      submit: "Add",
      async onSubmit() {
        const body = new FormData();
        body.append("name", name.value.trim());
        body.append("image", image.files[0]);
        await post("/characters", body, { key: randomKey() });
        close();
        toast("It is being looked at; that takes a few seconds.");
        changed();
      },
    });
  });
}

/** Return the tags an owner can restrict a cameo with, as the instance knows them. */
export async function restrictionTags() {
  return (await getPublic("/cameos/restrictions")).items;
}

/** Ask for an answer that waits, from anywhere in the app. */
export function announceCosign({ by }) {
  toast(`@${by} asks to make a clip with you.`, { action: "See", onAction: () => go("/likeness/cosigns") });
}
