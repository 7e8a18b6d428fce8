// Two panels of my own page: whom I let in, and what moderation decided about my clips.

import { get, post, remove } from "./api.js";
import { copyText } from "./actions.js";
import { showAppeals } from "./appeals.js";
import { fill, h, icon } from "./dom.js";
import { setBusy } from "./forms.js";
import { ago, randomKey, sentenceList } from "./text.js";
import { attempt, emptyState, failure, spinner, toast } from "./ui.js";

/** Return my invites; a new code is shown once, because the server keeps only its hash. */
export function invitesPanel() {
  const fresh = h("div", { "aria-live": "polite" });
  const list = h("ul", { class: "rows" });
  const make = h("button", { class: "button primary", type: "button" }, icon("plus"), "New invite");
  const box = h("div", { class: "panel" }, h("p", { class: "quiet-text" }, "Each code lets one person in for 30 days."), make, fresh, list);
  const load = async () => {
    try {
      const { items } = await get("/invites?limit=50");
      fill(list, items.map((invite) => inviteRow(invite, load)));
    } catch (error) {
      fill(list, failure(error, load));
    }
  };
  make.addEventListener("click", async () => {
    setBusy(make, true);
    await attempt(async () => {
      const { code } = await post("/invites", { uses: 1 }, { key: randomKey() });
      fill(fresh, newCode(code));
      await load();
    });
    setBusy(make, false);
  });
  load();
  return box;
}

function newCode(code) {
  const link = `${location.origin}/#/join/${code}`;
  return h("div", { class: "new-code" }, h("p", {}, "Copy it now: it is shown this once."), h("code", {}, code),
    h("div", { class: "row" },
      h("button", { class: "button", type: "button", onclick: () => copyText(code, "Code copied.") }, icon("copy"), "Copy code"),
      h("button", { class: "button", type: "button", onclick: () => copyText(link, "Link copied.") }, icon("share"), "Copy link")));
}

function inviteRow(invite, changed) {
  const came = invite.redeemed_by.map(({ username }) => `@${username}`);
  const text = came.length ? `${sentenceList(came)} came by it` : { open: "Nobody came by it yet", expired: "Expired", revoked: "Revoked", used_up: "Used up" }[invite.state];
  const revoke = async () => {
    if (await attempt(() => remove(`/invites/${invite.id}`))) { toast("Revoked."); changed(); }
  };
  return h("li", { class: "row-item" },
    h("span", {}, h("strong", {}, text), h("small", {}, `Made ${ago(invite.created_at)} · ${invite.uses_left} of ${invite.uses} left`)),
    invite.state === "open" && h("button", { class: "button quiet small", type: "button", onclick: revoke }, "Revoke"));
}

/** Return the statements of reasons that moderators wrote to me. */
export function noticesPanel() {
  const box = h("div", { class: "panel" }, spinner("Loading notices"));
  const load = async () => {
    try {
      const { items } = await get("/me/moderation?limit=50");
      const appeals = h("ul", { class: "rows" });
      await showAppeals(appeals);
      const isEmpty = !items.length && !appeals.children.length;
      fill(box, isEmpty ? emptyState("check", "Nothing to read", "When a moderator decides about a clip or an appeal of yours, the reason stands here.") : [appeals, h("ul", { class: "rows" }, items.map(noticeRow))]);
    } catch (error) {
      fill(box, failure(error, load));
    }
  };
  load();
  return box;
}

function noticeRow(notice) {
  const what = notice.action === "hide" ? "Your clip was hidden" : "Your clip is visible again";
  return h("li", { class: "row-item stacked" },
    h("span", {}, h("strong", {}, what), h("small", {}, ago(notice.created_at))),
    h("p", { dir: "auto" }, notice.reason),
    h("p", { class: "quiet-text" }, notice.redress),
    notice.subject?.id && h("a", { class: "link", href: `#/clip/${notice.subject.id}` }, "See the clip"));
}
