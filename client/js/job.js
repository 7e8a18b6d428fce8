// One job: live progress in words, an honest account of what was drawn, and the clip at its end.

import { get, patch, post, remove } from "./api.js";
import { publish } from "./actions.js";
import { appealButton } from "./appeals.js";
import { disclosure } from "./clip-lines.js";
import { fill, h, icon, ring } from "./dom.js";
import { forgetLists } from "./feed.js";
import { cancelJob, fetchJob, isActive, jobEvents, knownJob } from "./jobs.js";
import { go } from "./router.js";
import { setBusy } from "./forms.js";
import { notDrawnSentences, sentenceOf, STEPS, stepOf } from "./stages.js";
import { randomKey } from "./text.js";
import { attempt, confirmSheet, failure, pageHeader, spinner, toast } from "./ui.js";

/** Return a job's line in a list. */
export function jobRow(job) {
  const { element, set } = ring();
  set(job.progress ?? 0);
  return h("a", { class: `job-row is-${job.state}`, href: `#/jobs/${job.id}` }, element,
    h("span", {}, h("strong", { dir: "auto" }, promptOf(job)), h("small", {}, sentenceOf(job))));
}

/** Open a job's page. */
export function openJob({ id }) {
  const body = h("div", { class: "page-body" }, spinner("Loading"));
  const announced = h("p", { class: "visually-hidden", role: "status" });
  const element = h("section", { class: "page" }, pageHeader("Your clip", { onBack: () => go("/create") }), body, announced);
  const closing = new AbortController();
  let shown = null;

  const show = (job) => {
    const sentence = sentenceOf({ ...job, eta_seconds: null });
    if (announced.textContent !== sentence) announced.textContent = sentence; // steps are said, percents are not
    if (isActive(job)) {
      if (shown?.kind !== "progress") { shown = { kind: "progress", ...progressView(job) }; fill(body, shown.element); }
      shown.update(job);
    } else if (shown?.kind !== job.state) {
      shown = { kind: job.state };
      if (job.state === "ready" && job.clip) showReady(job);
      else fill(body, endedView(job));
    }
  };
  const showReady = async (job) => {
    try {
      const clip = await get(`/clips/${job.clip}`);
      if (!closing.signal.aborted) fill(body, readyView(job, clip));
    } catch (error) {
      if (error.status === 404) fill(body, endedView({ ...job, state: "gone", error: { message: "This clip was deleted." } }));
      else fill(body, failure(error, () => showReady(job)));
    }
  };
  const opened = async () => {
    if (knownJob(id)) show(knownJob(id));
    try {
      show(await fetchJob(id));
    } catch (error) {
      if (!closing.signal.aborted) fill(body, failure(error, opened));
    }
  };
  jobEvents.addEventListener("change", ({ detail }) => { if (detail.id === id) show(detail); }, { signal: closing.signal });
  return { element, title: "Your clip", opened, close: () => closing.abort() };
}

function progressView(job) {
  const circle = ring();
  const percent = h("span", { class: "percent" });
  const sentence = h("p", { class: "job-sentence" });
  const steps = STEPS.map((text) => h("li", {}, h("span", { class: "step-mark" }, icon("check")), text));
  const cancel = h("button", { class: "button quiet", type: "button" }, "Cancel");
  cancel.addEventListener("click", async () => {
    setBusy(cancel, true);
    await attempt(() => cancelJob(job.id));
    setBusy(cancel, false);
  });
  const update = (now) => {
    circle.set(now.progress ?? 0);
    percent.textContent = `${now.progress ?? 0}%`;
    sentence.textContent = sentenceOf(now);
    const at = stepOf(now);
    steps.forEach((step, index) => {
      step.className = index < at ? "done" : index === at ? "now" : "";
      if (index === at) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
  };
  const element = h("div", { class: "making" },
    h("div", { class: "making-ring" }, circle.element, percent), sentence,
    h("ol", { class: "steps" }, steps),
    h("blockquote", { class: "prompt-quote", dir: "auto" }, promptOf(job)),
    h("p", { class: "quiet-text" }, "You may leave this page; the clip goes on without you."), cancel);
  return { element, update };
}

function readyView(job, clip) {
  const video = h("video", { class: "preview", src: clip.mp4_url, poster: clip.poster_url, controls: true, loop: true, playsinline: true, muted: true, width: clip.width, height: clip.height, "aria-label": "Preview of your clip" });
  video.muted = true;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) video.autoplay = true;
  const isDraft = clip.state === "draft";
  const caption = h("input", { type: "text", id: "caption", maxlength: 300, value: clip.caption, placeholder: "Said below the clip (optional)" });
  const publishButton = h("button", { class: "button primary wide", type: "button" }, "Publish");
  publishButton.addEventListener("click", async () => {
    setBusy(publishButton, true);
    await attempt(async () => {
      if (caption.value.trim() !== clip.caption) await patch(`/clips/${clip.id}`, { caption: caption.value.trim() });
      await publish(clip);
      forgetLists();
      toast("Published.");
      go(`/clip/${clip.id}`);
    });
    setBusy(publishButton, false);
  });
  const discard = async () => {
    if (!(await confirmSheet("Delete this clip?", "Its files are deleted. The prompt stays in your history.", "Delete"))) return;
    if (await attempt(() => remove(`/clips/${clip.id}`))) { forgetLists(); go("/create"); }
  };
  return h("div", { class: "ready" }, h("div", { class: "preview-box" }, video),
    h("div", { class: "ready-side" },
      disclosure(clip), notDrawn(job),
      isDraft
        ? [h("div", { class: "field" }, h("label", { for: "caption" }, "Caption"), caption), publishButton]
        : h("a", { class: "button primary wide", href: `#/clip/${clip.id}` }, "See it in the feed"),
      h("blockquote", { class: "prompt-quote", dir: "auto" }, promptOf(job)), recipeLine(job),
      h("div", { class: "row" },
        h("a", { class: "button", href: `#/create?again=${job.id}` }, icon("refresh"), "Try again"),
        h("button", { class: "button quiet danger-text", type: "button", onclick: discard }, icon("trash"), "Delete"))));
}

function notDrawn(job) {
  const sentences = notDrawnSentences(job.not_drawn);
  return sentences.length > 0 && h("div", { class: "note" }, h("strong", {}, "Not everything could be drawn"), h("ul", {}, sentences.map((text) => h("li", {}, text))));
}

function recipeLine({ recipe, engine }) {
  const parts = [recipe?.engine ?? engine, recipe?.size?.replace("x", " × "), recipe?.seconds && `${recipe.seconds} s`, recipe?.seed != null && `seed ${recipe.seed}`];
  return h("p", { class: "quiet-text" }, parts.filter(Boolean).join(" · "));
}

function endedView(job) {
  const isOurs = job.state !== "refused" && job.state !== "gone";
  return h("div", { class: "empty" }, icon(job.state === "refused" ? "flag" : "refresh", "icon large"),
    h("h2", {}, { refused: "This was not allowed", cancelled: "Cancelled", gone: "Gone" }[job.state] ?? "It did not work"),
    h("p", {}, sentenceOf(job)), isOurs && job.price > 0 && h("p", { class: "quiet-text" }, "Nothing was charged."), notDrawn(job),
    job.state === "refused" && job.error?.code === "clip_refused" && appealButton(() => post(`/generations/${job.id}/appeal`, {}, { key: randomKey() })),
    h("blockquote", { class: "prompt-quote", dir: "auto" }, promptOf(job)),
    h("a", { class: "button primary", href: `#/create?again=${job.id}` }, isOurs ? "Try again" : "Change the prompt"));
}

function promptOf(job) {
  return job.recipe?.prompt ?? job.recipe?.shots?.map(({ prompt }) => prompt).join(" → ") ?? "Your clip";
}
