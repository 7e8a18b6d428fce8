// A page for anybody: was this file made here, and is it still what was signed?

import { postPublic } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { setBusy } from "./forms.js";
import { goBack } from "./router.js";
import { pageHeader } from "./ui.js";

const VERDICTS = {
  trusted: ["check", "Signed here, and unchanged", "Its Content Credentials are signed by a root that this instance trusts."],
  valid_untrusted: ["seal", "Signed elsewhere", "Its Content Credentials are intact, but the signer is none that this instance trusts."],
  invalid: ["flag", "Changed after signing", "The file is not what was signed any more."],
  absent: ["eyeoff", "No credentials", "The file carries no Content Credentials: they were removed, or never there."],
};

/** Open the check of a file. */
export function openVerify() {
  const file = h("input", { type: "file", id: "file", accept: "video/mp4,image/jpeg,image/png", class: "visually-hidden" });
  const pick = h("label", { for: "file", class: "drop" }, icon("seal", "icon large"), h("strong", {}, "Choose a clip or a picture"), h("small", {}, "It is checked and not kept."));
  const result = h("div", { "aria-live": "polite" });
  const check = async (chosen) => {
    if (!chosen) return;
    setBusy(file, true);
    fill(result, h("p", { class: "quiet-text" }, `Checking ${chosen.name}…`));
    const body = new FormData();
    body.append("file", chosen);
    try {
      fill(result, verdict(await postPublic("/verify", body)));
    } catch (error) {
      fill(result, h("p", { class: "field-error" }, error.message));
    } finally {
      setBusy(file, false);
      file.value = "";
    }
  };
  file.addEventListener("change", () => check(file.files[0]));
  pick.addEventListener("dragover", (event) => event.preventDefault());
  pick.addEventListener("drop", (event) => { event.preventDefault(); check(event.dataTransfer.files[0]); });
  const element = h("section", { class: "page" }, pageHeader("Check a file", { onBack: () => goBack() }), h("div", { class: "page-body narrow" }, file, pick, result));
  return { element, title: "Check a file" };
}

function verdict({ made_here: isOurs, manifest, clip }) {
  const [iconName, title, text] = VERDICTS[manifest.state];
  return h("div", { class: "verdict-card" }, icon(iconName, "icon large"), h("h2", {}, title), h("p", {}, text),
    h("p", {}, isOurs ? "It was made here" : "Nothing in it says that it was made here", clip && [": ", h("a", { href: `#/clip/${clip.id}` }, clip.credentials ? `a clip by @${clip.credentials.author}` : "this clip")], "."));
}
