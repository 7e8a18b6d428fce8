// Where a clip came from: the chain of clips above it, and the remixes below.

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { goBack } from "./router.js";
import { ago } from "./text.js";
import { emptyState, failure, pageHeader, spinner } from "./ui.js";

const PICTURED_MAX = 12; // ancestors whose card is fetched; older ones are named

/** Open a clip's lineage, the first clip on top. */
export function openLineage({ id }) {
  const body = h("div", { class: "page-body" }, spinner("Loading lineage"));
  const element = h("section", { class: "page" }, pageHeader("Where it came from", { onBack: () => goBack(`/clip/${id}`) }), body);
  const opened = async () => {
    try {
      const [clip, lineage, remixes] = await Promise.all([get(`/clips/${id}`), get(`/clips/${id}/lineage`), get(`/clips/${id}/remixes?limit=20`)]);
      const near = lineage.ancestors.slice(0, PICTURED_MAX).filter((ancestor) => ancestor.clip.available);
      const cards = await Promise.allSettled(near.map((ancestor) => get(`/clips/${ancestor.clip.id}`)));
      const cardOf = new Map(cards.filter(({ value }) => value).map(({ value }) => [value.id, value]));
      const above = [...lineage.ancestors].reverse();
      const isFirst = (ancestor) => ancestor.clip.id === lineage.root?.id;
      const kindOf = (clipId) => above.find(({ child }) => child === clipId)?.kind;
      const chain = above.map((ancestor) => step(cardOf.get(ancestor.clip.id) ?? ancestor.clip, isFirst(ancestor) ? "The beginning" : words(kindOf(ancestor.clip.id))));
      fill(body,
        h("ol", { class: "lineage" }, chain, step(clip, above.length ? "This clip" : "This clip is the beginning", { isHere: true })),
        h("h2", {}, remixes.items.length ? "Remixes of it" : "No remixes yet"),
        remixes.items.length > 0 && h("ul", { class: "lineage is-flat" }, remixes.items.map((remix) => step(remix, "Remix"))),
        clip.remix.allowed && h("a", { class: "button primary", href: `#/create?remix=${id}` }, icon("remix"), "Remix this clip"));
    } catch (error) {
      fill(body, error.status === 404 ? emptyState("eyeoff", "This clip is gone", "It was deleted, or you may not see it.") : failure(error, opened));
    }
  };
  return { element, title: "Where it came from", opened };
}

const words = (kind = "") => kind.replaceAll("_", " ");

// `clip` is a card, or only a reference: a clip too old to picture, or one that cannot be watched any more.
function step(clip, label, { isHere = false } = {}) {
  const username = clip.author?.username ?? clip.author;
  const isGone = clip.available === false;
  const text = h("span", {},
    h("small", { class: "lineage-kind" }, label),
    h("strong", {}, username ? `@${username}` : "Somebody"),
    h("span", { dir: "auto" }, isGone ? "This clip is gone; the credit stays." : clip.caption),
    clip.created_at && h("small", {}, ago(clip.created_at)));
  const picture = clip.poster_url
    ? h("img", { src: clip.poster_url, alt: "", width: 54, height: 96, loading: "lazy" })
    : h("span", { class: "lineage-gone" }, icon(isGone ? "eyeoff" : "play"));
  const isLink = !isHere && !isGone;
  return h("li", { class: isHere ? "here" : null, "aria-current": isHere ? "true" : null },
    isLink ? h("a", { href: `#/clip/${clip.id}` }, picture, text) : h("div", {}, picture, text));
}
