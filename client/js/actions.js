// What a person can do with a clip. Shown at once, taken back when the server refuses.

import { get, patch, post, put, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { field, form } from "./forms.js";
import { go } from "./router.js";
import { session } from "./session.js";
import { attempt, confirmSheet, menuItem, openSheet, toast } from "./ui.js";

/** Fires "change" with detail {username, following} so that every slide of that author agrees. */
export const peopleEvents = new EventTarget();

const REMIX_AUDIENCES = [
  ["everyone", "Everyone"], ["followers", "My followers"], ["mutuals", "People I follow back"], ["off", "Nobody"],
];
const MARKS = { visible: "visible", invisible: "invisible", c2pa: "Content Credentials (C2PA)" };
const REPORT_REASONS = [
  ["sexual", "Nudity or sexual content"], ["violence", "Violence or gore"], ["hate", "Hate or harassment"],
  ["likeness", "It shows a real person without consent"], ["minor_safety", "It endangers a child"],
  ["self_harm", "Self-harm or suicide"], ["copyright", "It copies someone's work"], ["spam", "Spam or a scam"], ["other", "Something else"],
];

/** Like or unlike; `show` draws the clip's present state. */
export function setLiked(clip, isLiked, show) {
  const mark = (liked) => {
    clip.viewer.liked = liked;
    clip.stats.likes = Math.max(0, clip.stats.likes + (liked ? 1 : -1));
    show();
  };
  mark(isLiked);
  return attempt(() => (isLiked ? put : remove)(`/clips/${clip.id}/like`), () => mark(!isLiked));
}

/** Follow or unfollow the clip's author. */
export function setFollowing(clip, isFollowing, show) {
  const mark = (following) => {
    clip.viewer.following = following;
    show();
    peopleEvents.dispatchEvent(new CustomEvent("change", { detail: { username: clip.author.username, following } }));
  };
  mark(isFollowing);
  return attempt(() => (isFollowing ? put : remove)(`/users/${clip.author.username}/follow`), () => mark(!isFollowing));
}

/** Make a draft public; the clip is brought up to date. */
export async function publish(clip) {
  Object.assign(clip, (await post(`/clips/${clip.id}/publish`)) ?? (await get(`/clips/${clip.id}`)));
}

/** Say what this clip is: how it was made, and where its signed credentials are. */
export function openDisclosure(clip) {
  const facts = h("dl", { class: "facts" });
  const show = async () => {
    const found = await get(`/clips/${clip.id}/credentials`).catch(() => null);
    if (!found) return;
    const rows = [["Made by", `@${found.author}`], ["Engine", found.engine], ["Instance", found.instance], ["On", new Date(found.created_at).toLocaleDateString()], ["Marks in the file", found.marks.map((mark) => MARKS[mark] ?? mark).join(", ")], ["Number in the mark", found.mark_id]];
    fill(facts, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  };
  openSheet("How it was made", () => [
    h("p", {}, clip.ai_disclosure.text), facts,
    h("p", { class: "quiet-text" }, "The marks and the signed credentials are part of the file: they travel with every download."),
    h("div", { class: "row" },
      h("a", { class: "button", href: `#/clip/${clip.id}/lineage` }, icon("branch"), "Where it came from"),
      h("a", { class: "button quiet", href: "#/verify" }, icon("seal"), "Check a file")),
  ]);
  show();
}

/** Offer the clip's address and its marked file. */
export function openShare(clip) {
  const address = `${location.origin}/#/clip/${clip.id}`;
  openSheet("Share", (close) => [
    menuItem("copy", "Copy link", () => { copyText(address, "Link copied."); close(); }),
    navigator.share && menuItem("share", "Share…", () => { navigator.share({ url: address, title: clip.caption }).catch(() => {}); close(); }),
    h("a", { class: "menu-item", href: `${clip.mp4_url}?download=1`, download: `vignette-${clip.id}.mp4`, onclick: close }, icon("download"), "Download with marks"),
    menuItem("branch", "Where it came from", () => { close(); go(`/clip/${clip.id}/lineage`); }),
  ]);
}

/** Put text on the clipboard, or show it for copying by hand where the browser has none. */
export async function copyText(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    openSheet("Copy this", () => h("input", { class: "copy-line", readonly: true, value: text, autofocus: true, onfocus: (event) => event.target.select() }));
  }
}

/** Offer everything else: one's own clip is managed, another's is reported, muted or blocked. */
export function openMenu(clip, { onGone }) {
  const isMine = clip.author.username === session.me?.username;
  openSheet(isMine ? "Your clip" : `@${clip.author.username}`, (close) => {
    const then = (work) => () => { close(); work(); };
    return isMine
      ? [
        menuItem("remix", "Who may remix it", then(() => openRemixAudience(clip))),
        menuItem("branch", "Where it came from", then(() => go(`/clip/${clip.id}/lineage`))),
        menuItem("trash", "Delete", then(() => deleteClip(clip, onGone)), { isDanger: true }),
      ]
      : [
        menuItem("eyeoff", `Mute @${clip.author.username}`, then(() => leaveAuthor(clip, "mute", onGone))),
        menuItem("close", `Block @${clip.author.username}`, then(() => leaveAuthor(clip, "block", onGone)), { isDanger: true }),
        menuItem("flag", "Report", then(() => openReport(clip, onGone)), { isDanger: true }),
      ];
  });
}

async function deleteClip(clip, onGone) {
  const text = "It leaves every feed and its files are deleted. Remixes of it stay, and keep your name as a credit.";
  if (!(await confirmSheet("Delete this clip?", text, "Delete"))) return;
  await attempt(async () => {
    await remove(`/clips/${clip.id}`);
    onGone((one) => one.id === clip.id);
    toast("Deleted.");
  });
}

async function leaveAuthor(clip, how, onGone) {
  const { username } = clip.author;
  if (how === "block" && !(await confirmSheet(`Block @${username}?`, "You will not see each other's clips, anywhere.", "Block"))) return;
  await attempt(async () => {
    await put(`/users/${username}/${how}`);
    onGone((one) => one.author.username === username);
    const undo = () => attempt(() => remove(`/users/${username}/${how}`));
    toast(how === "block" ? `@${username} is blocked.` : `@${username} is muted.`, { action: "Undo", onAction: undo });
  });
}

function openRemixAudience(clip) {
  openSheet("Who may remix it", (close) => REMIX_AUDIENCES.map(([value, label]) =>
    menuItem(clip.remix_allowed === value ? "check" : "remix", label, () => {
      close();
      attempt(async () => { Object.assign(clip, await patch(`/clips/${clip.id}`, { remix_allowed: value })); toast("Saved. Remixes that exist stay."); });
    })));
}

function openReport(clip, onGone) {
  openSheet("Report this clip", (close) => {
    const reason = h("select", { required: true }, h("option", { value: "" }, "Choose a reason"), REPORT_REASONS.map(([value, label]) => h("option", { value }, label)));
    const text = h("textarea", { rows: 3, maxlength: 1000, placeholder: "Anything a moderator should know (optional)" });
    return form({
      fields: [field("reason", "What is wrong with it?", { input: reason }), field("text", "Details", { input: text })],
      submit: "Report",
      before: h("p", { class: "quiet-text" }, "It leaves your feed at once. A moderator looks at it; the author does not learn who reported it."),
      async onSubmit(values) {
        await post("/reports", { subject: { kind: "clip", id: clip.id }, ...values });
        close();
        onGone((one) => one.id === clip.id);
        toast("Thank you. You will not see this clip again.");
      },
    });
  });
}
