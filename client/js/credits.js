// My credits: what is left, what ends when, and what they were spent on.

import { get, getPublic } from "./api.js";
import { fill, h } from "./dom.js";
import { ago } from "./text.js";
import { failure, spinner } from "./ui.js";

const SOURCES = { daily: "Today's credits", purchase: "Bought", referral: "For a friend who joined", grant: "From this instance", refund: "Given back" };
const KINDS = { granted: "Received", held: "For a clip", released: "Given back", refunded: "Given back", expired: "Ended unspent", revoked: "Taken back" };

/** Return my balance, its parts and its history. */
export function creditsPanel() {
  const box = h("div", { class: "panel" }, spinner("Loading credits"));
  const load = async () => {
    try {
      const [mine, history, { plans }] = await Promise.all([get("/credits"), get("/credits/history?limit=50"), getPublic("/plans")]);
      const plan = plans.find(({ name }) => name === mine.plan)?.title ?? mine.plan;
      fill(box,
        h("p", { class: "balance" }, h("strong", {}, String(mine.balance)), " credits", mine.held > 0 && h("small", {}, ` and ${mine.held} held for clips in the making`)),
        h("p", { class: "quiet-text" }, `Plan ${plan}: ${mine.daily.amount} credits a day, the next ${until(mine.daily.renews_at)}. A clip that is refused or fails costs nothing.`),
        h("ul", { class: "rows" }, mine.lots.map(lotRow)),
        history.items.length > 0 && h("h2", {}, "History"),
        h("ul", { class: "rows" }, history.items.map(historyRow)));
    } catch (error) {
      fill(box, failure(error, load));
    }
  };
  load();
  return box;
}

function lotRow({ source, left, expires_at: ends }) {
  return h("li", { class: "row-item" }, h("span", {}, h("strong", {}, `${left} credits`), h("small", {}, `${SOURCES[source] ?? source}${ends ? `, until ${new Date(ends).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}` : ""}`)));
}

function historyRow({ kind, amount, note, created_at: at }) {
  return h("li", { class: "row-item" },
    h("span", {}, h("strong", {}, KINDS[kind] ?? kind), h("small", {}, note ? `${note} · ${ago(at)}` : ago(at))),
    h("span", { class: "amount" }, amount > 0 ? `+${amount}` : String(amount)));
}

function until(isoTime) {
  return `at ${new Date(isoTime).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}`;
}
