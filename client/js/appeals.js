// Refusals that their author does not accept: one press asks a person to look.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { setBusy } from "./forms.js";
import { ago } from "./text.js";
import { attempt } from "./ui.js";

const STATES = { open: "A person will look at it", upheld: "You were right: it may be made", denied: "The refusal stands" };

/** Return a button that makes the appeal with `send()` and says that it was made. */
export function appealButton(send) {
  const button = h("button", { class: "button quiet small", type: "button" }, "Ask a person to look at this");
  button.addEventListener("click", async () => {
    setBusy(button, true);
    if (await attempt(send)) button.replaceWith(h("p", { class: "quiet-text", role: "status" }, "A moderator will look at it. You will find the answer under You, Notices."));
    else setBusy(button, false);
  });
  return button;
}

/** Fill a list with my appeals and what came of them. */
export async function showAppeals(list) {
  const { items } = await get("/generations/appeals?limit=50");
  fill(list, items.map((appeal) => h("li", { class: "row-item stacked" },
    h("span", {}, h("strong", {}, STATES[appeal.state]), h("small", {}, ago(appeal.decided_at ?? appeal.created_at))),
    h("p", {}, appeal.reasons.map(({ message }) => message).join(" ")),
    appeal.decision_reason && h("p", { dir: "auto" }, appeal.decision_reason))));
}
