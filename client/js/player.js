// One clip on one screen: the video, who made it, what it is, and what one can do with it.

import { get } from "./api.js";
import * as actions from "./actions.js";
import { clipCaptions } from "./captions.js";
import { castLine, disclosure, remixLine } from "./clip-lines.js";
import { fill, h, icon } from "./dom.js";
import { go } from "./router.js";
import { session } from "./session.js";
import { isSoundOn, setSound } from "./sound.js";
import { ago, shortCount } from "./text.js";
import { avatar } from "./ui.js";

const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const DOUBLE_TAP_MS = 280;
const STREAM_SECONDS = 30;

/**
 * Return the slide of a clip card: {element, clip, video, play, pause, …}.
 * `onGone` is called when the clip leaves the feed (deleted, reported, its author muted or blocked).
 */
export function clipSlide(clip, { onGone }) {
  const video = h("video", { class: "clip-video", playsinline: true, loop: true, preload: "none", poster: clip.poster_url, "aria-label": `Clip: ${clip.caption || "without a caption"}` });
  const captions = clipCaptions(clip);
  const bar = h("span", { class: "clip-time", "aria-hidden": "true" });
  const tap = h("button", { class: "clip-tap", type: "button", "aria-label": "Play" }, icon("play", "icon paused-mark"), icon("heart", "icon liked-mark"));
  const likeButton = h("button", { class: "rail-button", type: "button" });
  const followButton = h("button", { class: "follow-chip", type: "button" });
  let source = "";
  let isWanted = false;
  let lastTap = 0;

  const load = () => {
    if (source || !clip.mp4_url) return;
    source = wantsStream(clip) ? clip.hls_url : clip.mp4_url;
    video.src = source;
    showCaptions();
  };
  const warm = () => { load(); video.preload = "auto"; };
  const drop = () => {
    if (!source) return;
    source = "";
    showCaptions();
    video.preload = "none";
    video.removeAttribute("src");
    video.load();
  };
  const play = async ({ byHand = false } = {}) => {
    if (!clip.mp4_url || (stillness.matches && !byHand)) return;
    isWanted = true;
    warm();
    video.muted = !isSoundOn();
    try {
      await video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError" || video.muted) return;
      setSound(false, { remember: false }); // the browser wants a tap before sound
      await video.play().catch(() => {});
    }
  };
  const pause = () => { isWanted = false; video.pause(); };
  const toggle = () => (video.paused ? play({ byHand: true }) : pause());
  // A clip that HLS cannot play has an MP4; an address that ended is asked for once more.
  const recover = async () => {
    if (!source) return;
    if (source === clip.hls_url) source = clip.mp4_url;
    else if (video.dataset.renewed) return;
    else {
      video.dataset.renewed = "yes";
      const fresh = await get(`/clips/${clip.id}`).catch(() => null);
      if (!fresh) return;
      Object.assign(clip, fresh);
      captions.renew();
      source = clip.mp4_url;
    }
    video.src = source;
    if (isWanted) play({ byHand: true });
  };
  const showPlaying = () => {
    element.classList.toggle("is-paused", video.paused);
    tap.setAttribute("aria-label", video.paused ? "Play" : "Pause");
  };
  const showCaptions = () => captions.show(source !== "");
  const like = async (wanted = !clip.viewer.liked) => {
    if (wanted === clip.viewer.liked) return;
    await actions.setLiked(clip, wanted, showLike);
  };
  const showLike = () => {
    likeButton.setAttribute("aria-pressed", String(clip.viewer.liked));
    likeButton.setAttribute("aria-label", `Like, ${clip.stats.likes} so far`);
    fill(likeButton, icon("heart"), h("span", {}, shortCount(clip.stats.likes)));
  };
  const showFollow = () => {
    followButton.hidden = clip.author.username === session.me?.username;
    followButton.setAttribute("aria-pressed", String(clip.viewer.following));
    followButton.setAttribute("aria-label", `Follow @${clip.author.username}`);
    followButton.textContent = clip.viewer.following ? "Following" : "Follow";
  };

  if (captions.track) video.append(captions.track);
  video.addEventListener("error", recover);
  for (const name of ["play", "pause"]) video.addEventListener(name, showPlaying);
  video.addEventListener("timeupdate", () => bar.style.setProperty("--played", String(video.currentTime / (video.duration || 1))));
  tap.addEventListener("click", (event) => {
    const isSecond = event.timeStamp - lastTap < DOUBLE_TAP_MS;
    lastTap = event.timeStamp;
    toggle();
    if (!isSecond) return;
    tap.classList.remove("just-liked");
    void tap.offsetWidth; // start the heart again
    tap.classList.add("just-liked");
    like(true);
  });
  likeButton.addEventListener("click", () => like());
  followButton.addEventListener("click", () => actions.setFollowing(clip, !clip.viewer.following, showFollow));
  showLike();
  showFollow();

  const element = h("article", { class: isTall(clip) ? "slide is-paused is-tall" : "slide is-paused", dataset: { clip: clip.id }, "aria-label": `Clip by @${clip.author.username}` },
    clip.poster_url && h("img", { class: "clip-backdrop", src: clip.poster_url, alt: "", loading: "lazy" }),
    video, tap,
    h("div", { class: "clip-shade", "aria-hidden": "true" }),
    h("div", { class: "clip-meta" },
      captions.line,
      disclosure(clip),
      h("div", { class: "clip-author" },
        h("a", { href: `#/u/${clip.author.username}` }, avatar(clip.author), h("span", {}, `@${clip.author.username}`)),
        followButton),
      clip.caption && h("p", { class: "clip-caption", dir: "auto" }, clip.caption),
      castLine(clip), remixLine(clip),
      stateLine(clip)),
    h("div", { class: "clip-rail" },
      likeButton,
      remixButton(clip),
      h("button", { class: "rail-button", type: "button", "aria-label": "Share or download", onclick: () => actions.openShare(clip) }, icon("share"), h("span", {}, "Share")),
      h("button", { class: "rail-button", type: "button", "aria-label": "More", onclick: () => actions.openMenu(clip, { onGone }) }, icon("more"))),
    bar);

  const setMuted = () => { video.muted = !isSoundOn(); };
  return { element, clip, video, play, pause, toggle, warm, drop, like, setMuted, showCaptions, showFollow, isWanted: () => isWanted };
}

// A tall clip stands at the top edge, so that what is left over is below, behind its lines.
const isTall = ({ width, height }) => height > 1.5 * width;

function stateLine(clip) {
  if (clip.state === "hidden") return h("p", { class: "clip-when" }, "Hidden by a moderator. ", h("a", { href: "#/me/notices" }, "Read why"));
  return h("p", { class: "clip-when" }, clip.state === "draft" ? "Draft, seen by you alone" : ago(clip.published_at));
}

// A short clip is over before an adaptive player knows the line: Chromium's own stays at the smallest rendition
// for ever. So the stream is for slow lines and long clips, where it earns its five requests.
function wantsStream(clip) {
  const line = navigator.connection;
  const isSlow = line?.saveData || ["slow-2g", "2g", "3g"].includes(line?.effectiveType);
  const isNative = document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
  return isNative && clip.hls_url !== null && (isSlow || clip.seconds > STREAM_SECONDS);
}

function remixButton(clip) {
  const isAllowed = clip.remix.allowed;
  return h("button", {
    class: "rail-button", type: "button", disabled: !isAllowed,
    "aria-label": isAllowed ? `Remix, ${clip.remix.count} so far` : "The author does not allow remixes of this clip",
    onclick: () => go(`/create?remix=${clip.id}`),
  }, icon("remix"), h("span", {}, shortCount(clip.remix.count)));
}
