// People: my own page with drafts, invites and notices, and the pages of others.

import { get, put, remove } from "./api.js";
import { peopleEvents } from "./actions.js";
import { creditsPanel } from "./credits.js";
import { fill, h, icon } from "./dom.js";
import { likenessPanel } from "./likeness.js";
import { go, goBack } from "./router.js";
import { session } from "./session.js";
import { openSettings } from "./settings.js";
import { invitesPanel, noticesPanel } from "./panels.js";
import { shortCount } from "./text.js";
import { attempt, avatar, confirmSheet, emptyState, failure, menuItem, openSheet, pageHeader, spinner, toast } from "./ui.js";

const GRID_CLIPS = 18;

/** Open my own page, at one of its tabs. */
export function openMe({ tab = "clips" }) {
  const { me } = session;
  const panels = {
    clips: ["Clips", () => clipGrid(`/users/${me.username}/clips`, emptyState("spark", "No clips yet", "What you publish appears here.", h("a", { class: "button primary", href: "#/create" }, "Make a clip")))],
    drafts: ["Drafts", () => clipGrid("/drafts", emptyState("check", "No drafts", "A clip that you have not published waits here; only you see it."))],
    likeness: ["Likeness", likenessPanel],
    credits: ["Credits", creditsPanel],
    invites: ["Invites", invitesPanel],
    notices: ["Notices", noticesPanel],
  };
  const chosen = panels[tab] ? tab : "clips";
  const tabs = h("nav", { class: "page-tabs", "aria-label": "Your page" }, Object.entries(panels).map(([name, [text]]) =>
    h("a", { href: `#/me/${name}`, "aria-current": name === chosen ? "page" : null }, text)));
  const body = h("div", { class: "page-body", role: "region", "aria-label": panels[chosen][0] }, panels[chosen][1]());
  const settings = h("button", { class: "icon-button", type: "button", "aria-label": "Settings", onclick: () => openSettings() }, icon("gear"));
  const element = h("section", { class: "page" }, pageHeader(`@${me.username}`, { actions: [settings] }), personHead(me), tabs, body);
  const opened = () => tabs.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  return { element, title: "You", opened };
}

/** Open somebody's page; one's own name leads to one's own page. */
export function openUser({ username }) {
  if (username.toLowerCase() === session.me.username) return openMe({});
  const body = h("div", { class: "page-rest" }, spinner("Loading profile"));
  const element = h("section", { class: "page" }, pageHeader(`@${username}`, { onBack: () => goBack() }), body);
  const opened = async () => {
    try {
      const person = await get(`/users/${encodeURIComponent(username)}`);
      fill(body, personHead(person, personActions(person)),
        h("div", { class: "page-body" }, clipGrid(`/users/${person.username}/clips`, emptyState("spark", "No clips yet", `@${person.username} has published nothing so far.`))));
    } catch (error) {
      fill(body, error.status === 404 ? emptyState("person", "Nobody here", "There is no such person, or you may not see them.") : failure(error, opened));
    }
  };
  return { element, title: `@${username}`, opened };
}

function personHead(person, actions) {
  const count = (value, word) => h("span", {}, h("strong", { dataset: { count: word } }, shortCount(value)), ` ${word}`);
  return h("div", { class: "person" }, avatar(person, "large"),
    h("div", { class: "person-text" },
      h("h2", { dir: "auto" }, person.display_name || person.username),
      h("p", { class: "person-counts" }, count(person.followers, "followers"), count(person.following, "following")),
      person.bio && h("p", { class: "person-bio", dir: "auto" }, person.bio)),
    actions);
}

function personActions(person) {
  const { username, viewer } = person;
  const follow = h("button", { class: "button", type: "button" });
  const show = () => {
    follow.textContent = viewer.following ? "Following" : viewer.followed_by ? "Follow back" : "Follow";
    follow.classList.toggle("primary", !viewer.following);
    follow.setAttribute("aria-pressed", String(viewer.following));
  };
  const mark = (isFollowing) => {
    viewer.following = isFollowing;
    person.followers += isFollowing ? 1 : -1;
    const counter = follow.closest(".person")?.querySelector("[data-count=followers]");
    if (counter) counter.textContent = shortCount(person.followers);
    show();
    peopleEvents.dispatchEvent(new CustomEvent("change", { detail: { username, following: isFollowing } }));
  };
  follow.addEventListener("click", () => {
    const wanted = !viewer.following;
    mark(wanted);
    attempt(() => (wanted ? put : remove)(`/users/${username}/follow`), () => mark(!wanted));
  });
  show();
  const mute = (close) => {
    const wanted = !viewer.muting;
    close();
    attempt(async () => {
      await (wanted ? put : remove)(`/users/${username}/mute`);
      viewer.muting = wanted;
      toast(wanted ? `@${username} is muted: their clips stay out of your feed.` : `@${username} is in your feed again.`);
    });
  };
  const block = async (close) => {
    close();
    if (!(await confirmSheet(`Block @${username}?`, "You will not see each other's clips, anywhere.", "Block"))) return;
    const undo = () => attempt(() => remove(`/users/${username}/block`));
    if (await attempt(() => put(`/users/${username}/block`))) { toast(`@${username} is blocked.`, { action: "Undo", onAction: undo }); go("/", { replace: true }); }
  };
  const more = () => openSheet(`@${username}`, (close) => [
    menuItem("eyeoff", viewer.muting ? "Unmute" : "Mute", () => mute(close)),
    menuItem("close", "Block", () => block(close), { isDanger: true }),
  ]);
  return h("div", { class: "person-actions" }, follow,
    h("button", { class: "icon-button", type: "button", "aria-label": "More", onclick: more }, icon("more")));
}

function clipGrid(path, empty) {
  const grid = h("ul", { class: "clip-grid" });
  const more = h("button", { class: "button quiet", type: "button", hidden: true }, "Show more");
  const box = h("div", {}, spinner("Loading clips"));
  let cursor = null;
  const load = async () => {
    try {
      const page = await get(`${path}?limit=${GRID_CLIPS}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      cursor = page.next;
      more.hidden = cursor === null;
      grid.append(...page.items.map((clip) => h("li", {}, gridCell(clip))));
      fill(box, grid.children.length ? [grid, more] : empty);
    } catch (error) {
      fill(box, failure(error, load));
    }
  };
  more.addEventListener("click", load);
  load();
  return box;
}

function gridCell(clip) {
  const name = clip.caption || "Clip without a caption";
  return h("a", { href: `#/clip/${clip.id}`, "aria-label": `${name}, ${clip.stats.likes} likes` },
    h("img", { src: clip.poster_url, alt: "", loading: "lazy", width: clip.width, height: clip.height }),
    h("span", { class: "grid-likes" }, icon("heart"), shortCount(clip.stats.likes)));
}
