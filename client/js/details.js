// The desktop's side column: what the visible clip is, and which keys work.

import { h, icon } from "./dom.js";
import { castLine, disclosure, remixLine } from "./clip-lines.js";
import { ago, shortCount } from "./text.js";
import { avatar } from "./ui.js";

const KEYS = [["↑ ↓", "or J K, previous and next"], ["Space", "pause"], ["L", "like"], ["M", "sound"], ["C", "captions"], ["R", "refresh"]];

/** Return what stands beside the clip on a wide screen. */
export function clipDetails(clip) {
  return [
    h("a", { class: "details-author", href: `#/u/${clip.author.username}` }, avatar(clip.author),
      h("span", {}, h("strong", {}, clip.author.display_name || clip.author.username), h("small", {}, `@${clip.author.username}`))),
    clip.caption && h("p", { class: "details-caption", dir: "auto" }, clip.caption),
    disclosure(clip),
    h("p", { class: "quiet-text" }, clip.ai_disclosure.text),
    castLine(clip), remixLine(clip),
    h("dl", { class: "facts" },
      fact("Made", ago(clip.created_at)), fact("Length", `${Math.round(clip.seconds * 10) / 10} s`),
      fact("Likes", shortCount(clip.stats.likes)), fact("Remixes", shortCount(clip.remix.count))),
    h("a", { class: "details-link", href: `#/clip/${clip.id}/lineage` }, icon("branch"), "Where it came from"),
    h("dl", { class: "keys" }, KEYS.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)))),
  ];
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
