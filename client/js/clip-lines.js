// The lines that say what a clip is and where it came from, wherever the clip is shown.

import { openDisclosure } from "./actions.js";
import { h, icon } from "./dom.js";
import { sentenceList } from "./text.js";

/** Return the label that says what this clip is, from the first moment on; it opens the details. */
export function disclosure(clip) {
  return h("button", { class: "disclosure", type: "button", onclick: () => openDisclosure(clip) },
    icon("seal"), h("span", {}, h("strong", {}, clip.ai_disclosure.label), " · how it was made"));
}

/** Return the line that names whose likeness a clip shows, as its owners permit. */
export function castLine(clip) {
  return clip.cameos.length > 0 && h("p", { class: "clip-origin" }, icon("person"), h("span", {}, "With ", sentenceList(clip.cameos), ", by their consent"));
}

/** Return the line that names what a remix came from: its parent, and the root where that is another clip. */
export function remixLine(clip) {
  const { parent, root } = clip.remix;
  if (!parent) return null;
  const name = ({ author }) => (author ? `@${author}` : "a clip that is gone");
  const link = (origin) => (origin.available ? h("a", { href: `#/clip/${origin.id}` }, name(origin)) : name(origin));
  const first = root && root.id !== parent.id ? [" · first by ", link(root)] : [];
  return h("p", { class: "clip-origin" }, icon("branch"), h("span", {}, "Remix of ", link(parent), first));
}
