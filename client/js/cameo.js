// One cameo, for its owner: the terms, the desk with every use, the receipts, and the end.

import { get, patch, post, put, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { setBusy } from "./forms.js";
import { AUDIENCES, portraitOf, restrictionTags } from "./likeness.js";
import { go, goBack } from "./router.js";
import { ago, shortCount } from "./text.js";
import { attempt, confirmSheet, emptyState, failure, openSheet, pageHeader, spinner, toast } from "./ui.js";
import { usesPanel } from "./uses.js";

const AUDIENCE_TEXTS = {
  only_me: "Nobody else, whoever is on your list.",
  approved: "Only people on your list of allowed people.",
  mutuals: "People who follow you and whom you follow, and those you allow.",
  everyone: "Everybody on this instance but those you do not allow.",
};

/** Open a cameo of mine at one of its tabs. */
export function openCameo({ handle, tab = "terms" }) {
  const body = h("div", { class: "page-rest" }, spinner("Loading"));
  const element = h("section", { class: "page" }, pageHeader(`@${handle}`, { onBack: () => go("/me/likeness") }), body);
  const opened = async () => {
    try {
      const [cameo, tags] = await Promise.all([get(`/cameos/${encodeURIComponent(handle)}`), restrictionTags()]);
      fill(body, cameoView(cameo, tags, tab));
    } catch (error) {
      fill(body, error.status === 404 ? emptyState("person", "No such cameo", "It ended, or it is not yours.", h("button", { class: "button", type: "button", onclick: () => goBack("/me/likeness") }, "Back")) : failure(error, opened));
    }
  };
  return { element, title: `@${handle}`, opened };
}

function cameoView(cameo, tags, tab) {
  const panels = { terms: ["Terms", () => termsPanel(cameo, tags)], uses: ["Uses", () => usesPanel(cameo)], end: ["End it", () => endPanel(cameo)] };
  const chosen = panels[tab] ? tab : "terms";
  const tabs = h("nav", { class: "page-tabs", "aria-label": "Your cameo" }, Object.entries(panels).map(([name, [text]]) =>
    h("a", { href: `#/likeness/${cameo.handle}/${name}`, "aria-current": name === chosen ? "page" : null }, text)));
  const head = h("div", { class: "person" }, portraitOf(cameo), h("div", { class: "person-text" }, h("h2", {}, `@${cameo.handle}`), h("p", { class: "quiet-text" }, cameo.state === "frozen" ? `Frozen by a moderator: ${cameo.frozen_reason}` : cameo.state === "checking" ? "A worker looks at its picture." : `Since ${ago(cameo.created_at)}`)));
  return [head, tabs, h("div", { class: "page-body", role: "region", "aria-label": panels[chosen][0] }, panels[chosen][1]())];
}

function termsPanel(cameo, tags) {
  const save = async (change, control, undo) => {
    setBusy(control, true);
    await attempt(async () => { Object.assign(cameo, await patch(`/cameos/${cameo.handle}`, change)); toast("Saved. It holds from now on."); }, undo);
    setBusy(control, false);
  };
  const toggle = (name, label, hint) => {
    const control = h("input", { type: "checkbox", role: "switch", id: `term-${name}` });
    control.checked = cameo[name];
    control.addEventListener("change", () => save({ [name]: control.checked }, control, () => { control.checked = !control.checked; }));
    return h("label", { class: "switch-row", for: `term-${name}` }, h("span", {}, label, h("small", {}, hint)), control);
  };
  return h("div", { class: "panel" },
    toggle("is_paused", "Pause", "Nobody but you may use it until you switch this off."),
    audienceChoice(cameo, save),
    toggle("ask_me", "Ask me each time", "You see the prompt first. Nothing is drawn before you agree."),
    cameo.kind === "person" && toggle("voice_allowed", "My voice", "Separate from your face. Off: whoever speaks does so in a stock voice."),
    restrictionChoice(cameo, tags, save),
    accessList(cameo));
}

function audienceChoice(cameo, save) {
  const hint = h("p", { class: "field-hint", id: "audience-hint" }, AUDIENCE_TEXTS[cameo.audience]);
  const choices = Object.entries(AUDIENCES).map(([value, text]) => {
    const radio = h("input", { type: "radio", name: "audience", id: `audience-${value}`, value });
    radio.checked = cameo.audience === value;
    radio.addEventListener("change", () => {
      const before = cameo.audience;
      hint.textContent = AUDIENCE_TEXTS[value];
      save({ audience: value }, radio, () => { hint.textContent = AUDIENCE_TEXTS[before]; document.getElementById(`audience-${before}`).checked = true; });
    });
    return h("label", { class: "choice", for: `audience-${value}` }, radio, h("span", {}, text));
  });
  return h("fieldset", { class: "choices", "aria-describedby": "audience-hint" }, h("legend", {}, "Who may use it"), choices, hint);
}

function restrictionChoice(cameo, tags, save) {
  const chosen = new Set(cameo.restriction_tags);
  const chips = tags.map(({ name: tag, title }) => {
    const chip = h("button", { class: "chip toggle", type: "button", "aria-pressed": String(chosen.has(tag)) }, title);
    chip.addEventListener("click", () => {
      const flip = () => { if (!chosen.delete(tag)) chosen.add(tag); chip.setAttribute("aria-pressed", String(chosen.has(tag))); };
      flip();
      save({ restriction_tags: [...chosen] }, chip, flip);
    });
    return chip;
  });
  const words = h("textarea", { id: "restriction-text", rows: 3, maxlength: 1000, placeholder: "no clowns; never in a kitchen" });
  words.value = cameo.restriction_text;
  const keep = h("button", { class: "button small", type: "button", onclick: () => save({ restriction_text: words.value.trim() }, keep, () => {}) }, "Save");
  return h("div", { class: "panel" }, h("h2", {}, "Never with me"), h("div", { class: "chip-set", role: "group", "aria-label": "Restrictions" }, chips),
    h("div", { class: "field" }, h("label", { for: "restriction-text" }, "In your words"), words, h("p", { class: "field-hint" }, "One thing after the other. It binds the prompt, what is spoken and what is seen; who breaks it is told which rule.")), keep);
}

function accessList(cameo) {
  const list = h("ul", { class: "rows" });
  const name = h("input", { type: "text", id: "access-name", autocapitalize: "none", placeholder: "username", "aria-label": "Username" });
  const path = (username) => `/cameos/${cameo.handle}/access/${encodeURIComponent(username)}`;
  const load = async () => {
    try {
      const { items } = await get(`/cameos/${cameo.handle}/access?limit=100`);
      fill(list, items.map(({ username, is_allowed: isAllowed }) => h("li", { class: "row-item" },
        h("span", {}, h("strong", {}, `@${username}`), h("small", {}, isAllowed ? "Allowed" : "Not allowed")),
        h("button", { class: "button quiet small", type: "button", onclick: async () => { if (await attempt(() => remove(path(username)))) load(); } }, "Remove"))));
    } catch (error) {
      fill(list, failure(error, load));
    }
  };
  const set = async (isAllowed) => {
    const username = name.value.trim().replace(/^@/, "").toLowerCase();
    if (username && await attempt(() => put(path(username), { is_allowed: isAllowed }))) { name.value = ""; load(); }
  };
  load();
  return h("div", { class: "panel" }, h("h2", {}, "People"),
    h("div", { class: "field" }, name),
    h("div", { class: "row" }, h("button", { class: "button", type: "button", onclick: () => set(true) }, icon("check"), "Allow"), h("button", { class: "button", type: "button", onclick: () => set(false) }, icon("close"), "Do not allow")), list);
}

function endPanel(cameo) {
  const button = h("button", { class: "button danger", type: "button" }, "See what would end");
  button.addEventListener("click", async () => {
    setBusy(button, true);
    await attempt(async () => {
      const { reach } = await post(`/cameos/${cameo.handle}/revoke?dry_run=1`);
      openReach(cameo, reach);
    });
    setBusy(button, false);
  });
  return h("div", { class: "panel" },
    h("p", {}, "Ending your cameo takes your likeness out of everything at once: jobs stop, clips that show it disappear for everybody, remixes of them too, and the key to what is kept of your face is destroyed. It cannot be undone; you may enrol again."),
    h("p", { class: "quiet-text" }, "To stop new uses only, pause it under Terms. To take it out of one clip, see Uses."), button);
}

function openReach(cameo, reach) {
  const line = (count, one, many) => h("li", {}, h("strong", {}, shortCount(count)), ` ${count === 1 ? one : many}`);
  openSheet(`End @${cameo.handle}?`, (close) => {
    const end = h("button", { class: "button danger", type: "button" }, "End it now");
    end.addEventListener("click", async () => {
      if (!(await confirmSheet("For good?", "Nobody can bring it back, not even the operator.", "End it"))) return;
      setBusy(end, true);
      if (await attempt(() => post(`/cameos/${cameo.handle}/revoke`))) { close(); toast("It has ended."); go("/me/likeness", { replace: true }); }
      setBusy(end, false);
    });
    return [
      h("ul", { class: "reach" }, line(reach.published, "published clip disappears", "published clips disappear"), line(reach.unpublished, "draft or hidden clip goes", "drafts or hidden clips go"), line(reach.in_making, "clip in the making stops", "clips in the making stop"), line(reach.remixes, "of all these is a remix", "of all these are remixes"), line(reach.people, "person made them", "people made them"), line(reach.cosigns, "question to you is closed", "questions to you are closed")),
      h("div", { class: "row" }, h("button", { class: "button quiet", type: "button", onclick: close }, "Keep it"), end),
    ];
  });
}
