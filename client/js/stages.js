// A job's states as a person reads them.

import { about } from "./text.js";

export const STEPS = ["Waiting", "Drawing", "Checking and signing", "Ready"];
const STEP_OF = { awaiting_consent: 0, queued: 0, rendering: 1, finishing: 2, ready: 3 };

/** Return which of STEPS the job is at; -1 when it ended without a clip. */
export function stepOf(job) {
  return STEP_OF[job.state] ?? -1;
}

/** Return the job's state as one sentence. */
export function sentenceOf(job) {
  const wait = job.eta_seconds == null ? "" : ` Ready in ${about(job.eta_seconds)}.`;
  switch (job.state) {
    case "awaiting_consent": return "Waiting for consent of the people in it.";
    case "queued":
      if (job.stage === "retrying") return `It did not work and is tried again.${wait}`;
      return `${job.position > 1 ? `Number ${job.position} in line.` : "Next in line."}${wait}`;
    case "rendering":
      if (job.stage === "waiting_for_engine") return "The engine does not answer; it goes on when it is back.";
      return `Drawing your scene.${wait}`;
    case "finishing": return `Adding the marks and signing it.${wait}`;
    case "ready": return "Your clip is ready.";
    case "cancelled": return "Cancelled. Nothing was made or charged.";
    case "expired": return "This took too long and was stopped. Please try again.";
    default: return job.error?.message ?? "This did not work.";
  }
}

/** Return what the prompt asked for and the engine could not draw, as sentences. */
export function notDrawnSentences(notDrawn = []) {
  return notDrawn.map(({ phrase, instead }) => (instead ? `“${phrase}” became ${instead}.` : `“${phrase}” was left out.`));
}
