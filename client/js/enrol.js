// Enrolling one's face: what one agrees to, the camera with its challenge, and what came of it.

import { getPublic, remove } from "./api.js";
import { closeCamera, cuesOf, openCamera, record } from "./capture.js";
import { fill, h, icon, ring } from "./dom.js";
import { beginEnrolment, submitCapture, uploadCapture } from "./enrolments.js";
import { setBusy } from "./forms.js";
import { go, goBack } from "./router.js";
import { SignedOut } from "./session.js";
import { emptyState, failure, pageHeader, spinner } from "./ui.js";

const TITLES = { person: "Your cameo", protected: "Keep my face out" };

/** Open the enrolment; `kind=protected` registers a face that no clip may show. */
export function openEnrol({ kind = "person" }) {
  const body = h("div", { class: "page-body narrow" }, spinner("Loading"));
  const title = TITLES[kind] ?? TITLES.person;
  const element = h("section", { class: "page" }, pageHeader(title, { onBack: () => goBack("/me/likeness") }), body);
  const closing = new AbortController();
  const show = (...children) => { if (!closing.signal.aborted) fill(body, children); };
  const flow = { kind, show, signal: closing.signal, stream: null };

  const opened = async () => {
    try {
      const consent = await getPublic("/cameos/consent");
      show(consentView(consent, flow));
    } catch (error) {
      show(failure(error, opened));
    }
  };
  const close = () => { closing.abort(); closeCamera(flow.stream); };
  return { element, title, opened, close };
}

function consentView(consent, flow) {
  const purposes = consent.purposes.filter((one) => one.kinds.includes(flow.kind));
  const boxes = purposes.map((one) => h("input", { type: "checkbox", id: `purpose-${one.name}`, name: one.name, required: one.required }));
  const next = h("button", { class: "button primary wide", type: "button", disabled: true }, "Open the camera");
  const error = h("p", { class: "form-error", role: "alert" });
  const isComplete = () => purposes.every((one, index) => !one.required || boxes[index].checked);
  boxes.forEach((box) => box.addEventListener("change", () => { next.disabled = !isComplete(); }));
  next.addEventListener("click", async () => {
    setBusy(next, true);
    error.textContent = "";
    try {
      flow.stream = await openCamera();
      if (flow.signal.aborted) { closeCamera(flow.stream); return; }
      flow.begin = () => beginEnrolment(consent, purposes.filter((one, index) => boxes[index].checked).map(({ name }) => name), flow.kind);
      flow.show(cameraView(flow));
    } catch (problem) {
      error.textContent = problem.message;
      setBusy(next, false);
    }
  });
  return h("div", { class: "consent" },
    h("div", { class: "consent-text", tabindex: 0, role: "region", "aria-label": "What you agree to" }, paragraphs(consent.text)),
    purposes.map((one, index) => h("label", { class: "tick-row", for: `purpose-${one.name}` }, boxes[index], h("span", {}, one.text, !one.required && h("small", {}, "Optional")))),
    h("p", { class: "quiet-text" }, `Version ${consent.version} of this text is kept with your answer. You can end it at any time, under You, Likeness.`),
    error, next);
}

// The text comes as plain paragraphs; a line that begins with # is a heading, with - a point.
function paragraphs(text) {
  return text.split(/\n{2,}/).map((block) => {
    if (block.startsWith("#")) return h("h2", {}, block.replace(/^#+\s*/, ""));
    if (block.startsWith("- ")) return h("ul", {}, block.split(/\n(?=- )/).map((line) => h("li", {}, line.slice(2))));
    return h("p", {}, block);
  });
}

function cameraView(flow) {
  const video = h("video", { class: "camera", playsinline: true, muted: true, autoplay: true, "aria-label": "You, as the camera sees you" });
  video.muted = true;
  video.srcObject = flow.stream;
  const progress = ring();
  progress.element.setAttribute("preserveAspectRatio", "none"); // an oval, as the face is
  const cue = h("p", { class: "cue", "aria-live": "assertive" }, "Ready?");
  const detail = h("p", { class: "quiet-text" }, "Sit in good light, alone in the picture, your whole face in the oval. You will say three digits and turn your head: it takes ten seconds.");
  const start = h("button", { class: "button primary wide", type: "button" }, "Start");
  const stage = h("div", { class: "camera-stage" }, video, h("div", { class: "camera-oval" }, progress.element));
  const element = h("div", { class: "capture" }, stage, cue, detail, start);
  start.addEventListener("click", async () => {
    setBusy(start, true);
    try {
      const enrolment = await flow.begin();
      start.hidden = true;
      const cues = cuesOf(enrolment.challenge);
      const blob = await record(flow.stream, cues, {
        signal: flow.signal,
        onCue: (one, index, count) => {
          cue.textContent = one.text;
          cue.classList.toggle("is-digit", one.text.length === 1);
          detail.textContent = one.detail;
          stage.dataset.side = one.side ?? "";
          progress.set((index / count) * 100);
        },
      });
      closeCamera(flow.stream);
      await handIn(flow, enrolment, blob);
    } catch (error) {
      if (error.name === "AbortError" || error instanceof SignedOut) return;
      closeCamera(flow.stream);
      flow.show(emptyState("refresh", "This did not work", error.message, again(flow)));
    }
  });
  return element;
}

async function handIn(flow, enrolment, blob) {
  const progress = ring();
  const sentence = h("p", { class: "job-sentence", role: "status" }, "Sending your capture");
  flow.show(h("div", { class: "making" }, h("div", { class: "making-ring" }, progress.element, icon("seal", "icon large")), sentence,
    h("p", { class: "quiet-text" }, "It travels sealed, is looked at once, and is deleted.")));
  try {
    await uploadCapture(enrolment, blob, { signal: flow.signal, onSent: (share) => progress.set(share * 60) });
    sentence.textContent = "Checking that it is you";
    const ended = await submitCapture(enrolment, { signal: flow.signal });
    flow.show(resultView(flow, ended));
  } catch (error) {
    await remove(`/cameos/enrolments/${enrolment.id}`).catch(() => {}); // nothing half-sent is left there
    throw error;
  }
}

function resultView(flow, enrolment) {
  if (enrolment.state === "verified") {
    return flow.kind === "protected"
      ? emptyState("seal", "Your face is protected", "From now on every clip is compared with it before anybody sees it.", h("a", { class: "button primary", href: "#/me/likeness" }, "Done"))
      : emptyState("check", `@${enrolment.cameo} is yours`, "Nobody but you may use it yet. Say who else may, and for what.", h("a", { class: "button primary", href: `#/likeness/${enrolment.cameo}` }, "Set the terms"));
  }
  if (enrolment.state === "review") return emptyState("person", "A person looks at it", "Your face is much like one that is enrolled here. A moderator decides; you will be told.", h("a", { class: "button primary", href: "#/me/likeness" }, "Done"));
  return h("div", { class: "empty" }, icon("flag", "icon large"), h("h2", {}, "This did not pass"),
    h("ul", { class: "reason-list" }, enrolment.reasons.map(({ message }) => h("li", {}, message))),
    h("p", { class: "quiet-text" }, "Your capture is deleted. The next try has new digits and turns."), again(flow));
}

function again(flow) {
  return h("button", { class: "button primary", type: "button", onclick: async () => {
    try {
      flow.stream = await openCamera();
      flow.show(cameraView(flow));
    } catch (error) {
      flow.show(emptyState("refresh", "No camera", error.message, h("button", { class: "button", type: "button", onclick: () => go("/me/likeness") }, "Back")));
    }
  } }, "Try again");
}
