// One sound switch for every clip; off until the person turns it on, then remembered.

const KEY = "vignette.sound";
export const soundEvents = new EventTarget();
let isOn = localStorage.getItem(KEY) === "on";

export const isSoundOn = () => isOn;

/** Switch the sound of every clip; `remember` is false when the browser, not the person, refused it. */
export function setSound(on, { remember = true } = {}) {
  isOn = on;
  if (remember) localStorage.setItem(KEY, on ? "on" : "off");
  soundEvents.dispatchEvent(new Event("change"));
}
