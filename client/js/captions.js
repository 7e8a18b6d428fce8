// One captions switch for every clip: until the person chooses, captions stand in for sound that is off.

import { h } from "./dom.js";
import { isSoundOn, soundEvents } from "./sound.js";

const KEY = "vignette.captions";
export const captionEvents = new EventTarget();
const told = () => captionEvents.dispatchEvent(new Event("change"));
let chosen = localStorage.getItem(KEY);
soundEvents.addEventListener("change", told);

export const areCaptionsOn = () => (chosen ? chosen === "on" : !isSoundOn());

/** Switch the captions of every clip, from now on whatever the sound does. */
export function setCaptions(on) {
  chosen = on ? "on" : "off";
  localStorage.setItem(KEY, chosen);
  told();
}

/**
 * Return the captions of a clip as {track, line, show, renew}: the track goes into its video, the line shows what is
 * spoken now; both are null without speech. Nothing is fetched before `show(true)`; `renew` takes the address of a card
 * that was fetched anew.
 */
export function clipCaptions(clip) {
  if (!clip.captions_url) return { track: null, line: null, show() {}, renew() {} };
  const track = h("track", { kind: "captions", label: "Captions", src: clip.captions_url });
  // A line of our own: the browser's lies under what is written over a clip, and is cut off at its edges.
  const line = h("p", { class: "clip-spoken", dir: "auto", hidden: true });
  const tell = () => {
    const spoken = [...(track.track.activeCues ?? [])].map((cue) => cue.getCueAsHTML().textContent);
    line.textContent = spoken.join("\n");
    line.hidden = !spoken.length;
  };
  track.track.addEventListener("cuechange", tell);
  return {
    track,
    line,
    show(isLoaded) { track.track.mode = isLoaded && areCaptionsOn() ? "hidden" : "disabled"; tell(); },
    renew() { track.src = clip.captions_url; },
  };
}
