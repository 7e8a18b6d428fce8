// The desk of a cameo's owner: who used it where, drafts and refused tries included.

import { get, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { go } from "./router.js";
import { session } from "./session.js";
import { ago, randomKey } from "./text.js";
import { attempt, confirmSheet, emptyState, failure, menuItem, openSheet, spinner, toast } from "./ui.js";

const PAGE = 20;
const REASONS = { owner: "", cosigned: "you agreed", needs_cosign: "", likeness_found: "your face was recognised", protected: "it is protected", not_active: "it is not approved", not_in_audience: "not in your audience", paused: "while it is paused", restricted: "against a restriction", unknown: "you block each other", cosign_denied: "you said no", cosign_expired: "you did not answer", revoked: "it had ended", frozen: "it is frozen", withdrawn: "you took it out" };

/** Return the list of uses, newest first. */
export function usesPanel(cameo) {
  const list = h("ul", { class: "rows uses" });
  const more = h("button", { class: "button quiet", type: "button", hidden: true }, "Show more");
  const box = h("div", { class: "panel" }, spinner("Loading uses"));
  let cursor = null;
  const load = async () => {
    try {
      const page = await get(`/cameos/${cameo.handle}/uses?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      cursor = page.next;
      more.hidden = cursor === null;
      list.append(...page.items.map((use) => useRow(cameo, use)));
      fill(box, list.children.length ? [list, more] : emptyState("eyeoff", "Nobody used it yet", "Every use stands here, drafts of others included."));
    } catch (error) {
      fill(box, failure(error, load));
    }
  };
  more.addEventListener("click", load);
  load();
  return box;
}

function useRow(cameo, use) {
  const who = use.by === session.me.username ? "You" : use.by ? `@${use.by}` : "Somebody who left";
  const element = h("li", { class: "row-item" });
  const image = h("img", { class: "use-poster", alt: "", width: 36, height: 64 });
  const show = () => fill(element,
    use.clip ? h("a", { href: `#/clip/${use.clip}`, "aria-label": `See the clip by ${who}` }, image) : image,
    h("span", { class: "use-text" }, h("strong", {}, `${who} ${verb(use)}`), h("small", {}, [ago(use.created_at), use.reason && (REASONS[use.reason] ?? use.reason), use.rule && `“${use.rule}”`].filter(Boolean).join(" · "))),
    use.clip && !use.is_withdrawn && h("button", { class: "icon-button", type: "button", "aria-label": `What to do about the clip by ${who}`, onclick: () => openUse(cameo, use, show) }, icon("more")));
  show();
  if (use.clip && !use.is_withdrawn) get(`/clips/${use.clip}`).then((clip) => { image.src = clip.poster_url; }).catch(() => { image.classList.add("is-gone"); });
  return element;
}

function verb({ by, outcome, gates, is_withdrawn: isWithdrawn }) {
  const isMine = by === session.me.username;
  if (isWithdrawn) return isMine ? "took yourself out of a clip" : "no longer shows you";
  if (outcome === "denied") return isMine ? "were refused" : "was refused";
  if (outcome === "asked") return "asks you";
  if (isMine) return gates.includes("publish") ? "published a clip with it" : "made a clip with it";
  return gates.includes("publish") ? "published a clip with you" : "made a clip with you";
}

function openUse(cameo, use, changed) {
  openSheet("This use", (close) => [
    menuItem("play", "See the clip", () => { close(); go(`/clip/${use.clip}`); }),
    menuItem("flag", "Report it to a moderator", async () => {
      close();
      if (await attempt(() => post("/reports", { subject: { kind: "clip", id: use.clip }, reason: "likeness", text: "" }, { key: randomKey() }))) toast("Reported.");
    }),
    menuItem("trash", "Take me out: delete the clip", async () => {
      close();
      if (!(await confirmSheet("Delete this clip?", "It disappears for everybody, its author included, and so does every file of it.", "Delete"))) return;
      if (await attempt(() => remove(`/cameos/${cameo.handle}/uses/${use.clip}`))) { use.is_withdrawn = true; changed(); toast("Deleted."); }
    }, { isDanger: true }),
  ]);
}
