// One enrolment against the server: its upload in parts that survive a lost connection, and its end.

import { ApiError, authorized, get, post } from "./api.js";
import { serverEvents } from "./events.js";
import { randomKey } from "./text.js";

const PART_BYTES = 1_000_000;
const TRIES_MAX = 6;
const POLL_MS = 2000;

export const IDLE = new Set(["verified", "review", "refused", "expired", "cancelled"]);

/** Begin an enrolment: its consent is recorded, and its challenge runs. */
export function beginEnrolment(consent, purposes, kind) {
  return post("/cameos/enrolments", { consent_version: consent.version, purposes, kind }, { key: randomKey() });
}

/** Send the capture, part by part from where the server is; `onSent(share)` hears how far it is. */
export async function uploadCapture(enrolment, blob, { onSent, signal }) {
  const { url } = enrolment.upload;
  let offset = 0;
  let failures = 0;
  while (offset < blob.size) {
    try {
      offset = await sendPart(url, blob, offset, signal);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (error.name === "AbortError" || (error.status >= 400 && error.status < 500 && error.status !== 409) || failures > TRIES_MAX) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 500 * 2 ** failures); });
      offset = await offsetOf(url, signal).catch(() => offset);
    }
    onSent(offset / blob.size);
  }
}

/** Hand the capture in and wait for what comes of it; resolves to the enrolment at rest. */
export async function submitCapture(enrolment, { signal }) {
  await post(`/cameos/enrolments/${enrolment.id}/submit`);
  for (;;) {
    const now = await get(`/cameos/enrolments/${enrolment.id}`, { signal });
    if (IDLE.has(now.state)) return now;
    await nextNews(signal);
  }
}

async function sendPart(url, blob, offset, signal) {
  const headers = { "Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0", "Upload-Offset": String(offset), "Upload-Length": String(blob.size) };
  const body = blob.slice(offset, offset + PART_BYTES);
  const response = await authorized(url, { method: "PATCH", headers, body, signal });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  return Number(response.headers.get("Upload-Offset"));
}

async function offsetOf(url, signal) {
  const response = await authorized(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" }, signal });
  if (!response.ok) throw new ApiError(response.status, null);
  return Number(response.headers.get("Upload-Offset"));
}

// Whichever is first: the server's word that an enrolment ended, or a while.
function nextNews(signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, POLL_MS);
    const wake = () => { clearTimeout(timer); resolve(); };
    serverEvents.addEventListener("enrolment.finished", wake, { once: true, signal });
    signal.addEventListener("abort", wake, { once: true });
  });
}
