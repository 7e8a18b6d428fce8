// The vertical player: one clip per screen, the visible one plays, the next is ready, pages follow each other.

import { get } from "./api.js";
import { peopleEvents } from "./actions.js";
import { areCaptionsOn, captionEvents, setCaptions } from "./captions.js";
import { fill, h, icon } from "./dom.js";
import { clipSlide } from "./player.js";
import { go, goBack } from "./router.js";
import { isSoundOn, setSound, soundEvents } from "./sound.js";
import { clipDetails } from "./details.js";
import { SignedOut } from "./session.js";
import { emptyState, failure, spinner, toast } from "./ui.js";

const PAGE_CLIPS = 8;
const FETCH_AHEAD = 3; // clips left when the next page is asked for
const KEEP_MS = 5 * 60_000; // media addresses end; an older list is fetched anew
const PULL_PX = 80;
const kept = new Map(); // where each list was left

/** Open a tab of the feed: latest or following. */
export function openFeed(mode) {
  const tab = (name, path, text) => h("a", { href: `#${path}`, "aria-current": mode === name ? "page" : null }, text);
  const tabs = h("nav", { class: "feed-tabs", "aria-label": "Feeds" }, tab("latest", "/", "Latest"), tab("following", "/following", "Following"));
  return openPlayer({
    name: mode,
    title: mode === "latest" ? "Latest" : "Following",
    head: tabs,
    load: (cursor) => get(`/feed?mode=${mode}&limit=${PAGE_CLIPS}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`),
    empty: () => mode === "latest"
      ? emptyState("spark", "Nothing here yet", "Be the first: write a prompt, and a clip appears.", createLink())
      : emptyState("person", "Follow somebody", "Clips of the people you follow appear here.", h("a", { class: "button", href: "#/" }, "See the latest")),
  });
}

/** Open one clip, followed by its author's others. */
export function openClip({ id }) {
  return openPlayer({
    name: `clip:${id}`,
    title: "Clip",
    head: h("button", { class: "icon-button", type: "button", "aria-label": "Back", onclick: () => goBack() }, icon("back")),
    load: async (cursor) => {
      const first = cursor ? null : await get(`/clips/${id}`);
      const author = first?.author.username ?? cursor.author;
      const page = await get(`/users/${author}/clips?limit=${PAGE_CLIPS}${cursor ? `&cursor=${encodeURIComponent(cursor.next)}` : ""}`);
      const others = page.items.filter((clip) => clip.id !== id);
      return { items: first ? [first, ...others] : others, next: page.next && { author, next: page.next } };
    },
    empty: () => emptyState("eyeoff", "This clip is gone", "It was deleted, or you may not see it.", h("a", { class: "button", href: "#/" }, "To the feed")),
  });
}

const createLink = () => h("a", { class: "button primary", href: "#/create" }, "Make a clip");

function openPlayer({ name, title, head, load, empty }) {
  const scroller = h("div", { class: "feed", tabindex: "-1", "aria-label": `${title} clips` });
  const pull = h("div", { class: "pull", "aria-hidden": "true" }, icon("refresh"));
  const sound = h("button", { class: "icon-button glass", type: "button" });
  const captions = h("button", { class: "icon-button glass", type: "button", hidden: true, "aria-label": "Captions" }, icon("captions"));
  const details = h("aside", { class: "details", "aria-label": "About this clip" });
  const element = h("section", { class: "player-page", "aria-label": title },
    h("div", { class: "stage" }, pull, scroller, h("header", { class: "feed-head" }, head, h("div", { class: "feed-switches" }, captions, sound))), details);
  const closing = new AbortController();
  const { signal } = closing;
  let slides = [];
  let cursor = null;
  let isLoading = false;
  let rounds = 0;
  let isAtEnd = false;
  let current = null;

  const visible = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) show(slides.find(({ element: shown }) => shown === target));
    }
  }, { root: scroller, threshold: 0.6 });

  const show = (slide) => {
    isAtEnd = !slide; // the card behind the last clip
    if (isAtEnd) { current?.pause(); return; }
    if (slide === current) { if (!document.hidden) slide.play(); return; }
    current?.pause();
    current = slide;
    const index = slides.indexOf(slide);
    slides.forEach((other, position) => {
      if (Math.abs(position - index) > 2) other.drop();
      else if (position === index + 1) other.warm();
      if (position !== index) other.pause();
    });
    if (!document.hidden) slide.play();
    fill(details, clipDetails(slide.clip));
    showCaptions();
    if (slides.length - index <= FETCH_AHEAD) more();
  };

  const onGone = (isGone) => {
    const wasShown = current && isGone(current.clip);
    const index = slides.indexOf(current);
    for (const slide of slides.filter(({ clip }) => isGone(clip))) {
      slide.drop();
      slide.element.remove();
    }
    slides = slides.filter(({ clip }) => !isGone(clip));
    for (const list of kept.values()) list.items = list.items.filter((clip) => !isGone(clip));
    if (!wasShown) return;
    current = null;
    const next = slides[Math.min(index, slides.length - 1)];
    if (next) { next.element.scrollIntoView({ behavior: "instant" }); show(next); }
    else if (cursor) more();
    else showEmpty();
  };

  const add = (clips) => {
    const known = new Set(slides.map(({ clip }) => clip.id));
    const added = clips.filter((clip) => !known.has(clip.id)).map((clip) => clipSlide(clip, { onGone }));
    slides.push(...added);
    scroller.append(...added.map((slide) => slide.element));
    added.forEach((slide) => visible.observe(slide.element));
    if (!slides.length || cursor) return;
    const end = h("div", { class: "feed-end" }, emptyState("check", "That is all for now", "You have seen every clip here.", createLink()));
    scroller.append(end);
    visible.observe(end);
  };

  const showEmpty = () => { fill(scroller, empty()); fill(details); };

  const more = async () => {
    if (isLoading || (cursor === null && slides.length)) return;
    isLoading = true;
    const round = rounds;
    const isOld = () => signal.aborted || round !== rounds;
    try {
      const page = await load(cursor);
      if (isOld()) return;
      if (!slides.length) fill(scroller);
      cursor = page.next;
      add(page.items);
      if (!slides.length && !cursor) showEmpty();
    } catch (error) {
      if (isOld() || error instanceof SignedOut) return;
      if (slides.length) toast(error.message);
      else fill(scroller, error.status === 404 ? empty() : failure(error, refresh));
    } finally {
      if (!isOld()) isLoading = false;
    }
  };

  const refresh = async () => {
    slides.forEach((slide) => slide.drop());
    slides = [];
    cursor = current = null;
    rounds += 1; // an answer still on its way belongs to the list before
    isLoading = false;
    fill(scroller, spinner("Loading clips"));
    await more();
    scroller.scrollTo({ top: 0, behavior: "instant" });
  };

  const step = (by) => {
    const target = isAtEnd && by < 0 ? current : slides[slides.indexOf(current) + by];
    if (target) target.element.scrollIntoView({ block: "start" });
    else if (by > 0) scroller.scrollTo({ top: scroller.scrollHeight });
  };

  const keys = {
    ArrowDown: () => step(1), j: () => step(1), ArrowUp: () => step(-1), k: () => step(-1),
    l: () => current?.like(), m: () => setSound(!isSoundOn()), c: () => setCaptions(!areCaptionsOn()), " ": () => current?.toggle(), r: refresh,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select")) return;
    if (event.key === " " && event.target.closest?.("button:not(.clip-tap), a")) return;
    const run = keys[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  }, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) current?.video.pause();
    else if (current?.isWanted()) current.play();
  }, { signal });

  const showSound = () => {
    fill(sound, icon(isSoundOn() ? "sound" : "muted"));
    sound.setAttribute("aria-label", isSoundOn() ? "Turn sound off" : "Turn sound on");
    slides.forEach((slide) => slide.setMuted());
  };
  const showCaptions = () => {
    captions.hidden = !current?.clip.captions_url;
    captions.setAttribute("aria-pressed", String(areCaptionsOn()));
    slides.forEach((slide) => slide.showCaptions());
  };
  captions.addEventListener("click", () => setCaptions(!areCaptionsOn()));
  captionEvents.addEventListener("change", showCaptions, { signal });
  sound.addEventListener("click", () => setSound(!isSoundOn()));
  soundEvents.addEventListener("change", showSound, { signal });
  peopleEvents.addEventListener("change", ({ detail }) => {
    for (const { clip, showFollow } of slides) if (clip.author.username === detail.username) { clip.viewer.following = detail.following; showFollow(); }
  }, { signal });
  pullToRefresh(scroller, pull, refresh);
  showSound();

  const start = async () => {
    const list = kept.get(name);
    if (!list?.items.length || Date.now() - list.at > KEEP_MS) return refresh();
    cursor = list.cursor;
    add(list.items);
    slides.find(({ clip }) => clip.id === list.current)?.element.scrollIntoView({ behavior: "instant" });
  };
  const close = () => {
    if (slides.length) kept.set(name, { items: slides.map(({ clip }) => clip), cursor, current: current?.clip.id, at: Date.now() });
    closing.abort();
    visible.disconnect();
    slides.forEach((slide) => slide.drop());
  };
  return { element, title, opened: start, close, focus: scroller };
}

/** Forget where lists were left, so that the next visit sees what changed. */
export function forgetLists() {
  kept.clear();
}

function pullToRefresh(scroller, mark, refresh) {
  let from = null;
  const distance = (event) => Math.max(0, event.touches[0].clientY - from);
  const move = (px) => mark.style.setProperty("--pull", String(Math.min(1, px / PULL_PX)));
  scroller.addEventListener("touchstart", (event) => { from = scroller.scrollTop <= 0 ? event.touches[0].clientY : null; }, { passive: true });
  scroller.addEventListener("touchmove", (event) => { if (from !== null) move(distance(event)); }, { passive: true });
  scroller.addEventListener("touchend", () => {
    const isFar = from !== null && Number(mark.style.getPropertyValue("--pull")) >= 1;
    from = null;
    move(0);
    if (isFar) refresh();
  });
}
