// Generations on their way: one live list for the composer, the job's page and the ring on the Create button.

import { get, remove } from "./api.js";
import { followEvents, serverEvents } from "./events.js";
import { SignedOut } from "./session.js";

const ACTIVE = new Set(["awaiting_consent", "queued", "rendering", "finishing"]);
const POLL_MS = 2000; // while the stream is down
const CHECK_MS = 15_000; // while it is up: nothing may hang on one lost event

/** Fires "change" with the job as detail whenever a job moves. */
export const jobEvents = new EventTarget();
const jobs = new Map();
let stream = null;
let isLive = false;
let timer = null;

export const isActive = (job) => ACTIVE.has(job.state);
export const activeJobs = () => [...jobs.values()].filter(isActive);
export const recentJobs = () => [...jobs.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
export const knownJob = (id) => jobs.get(id);

/** Take a job's newest state into the list; an older answer never turns a finished job back. */
export function keepJob(news) {
  const old = jobs.get(news.id);
  if (old && !isActive(old) && isActive({ ...old, ...news })) return old;
  const job = { ...old, ...news };
  jobs.set(job.id, job);
  jobEvents.dispatchEvent(new CustomEvent("change", { detail: job }));
  return job;
}

/** Fetch one job as the server has it. */
export async function fetchJob(id) {
  return keepJob(await get(`/generations/${id}`));
}

/** Fetch the newest jobs, so that a reload finds what was running. */
export async function fetchJobs() {
  const { items } = await get("/generations?limit=20");
  items.forEach(keepJob);
}

/** Cancel a job; the server frees what it held. */
export async function cancelJob(id) {
  await remove(`/generations/${id}`);
  await fetchJob(id);
}

/** Follow the signed-in person's jobs until `stopJobs`. Hidden pages let go of the stream. */
export function startJobs() {
  stopJobs();
  const onEvent = (type, data) => {
    if (!type.startsWith("generation.")) { serverEvents.dispatchEvent(new CustomEvent(type, { detail: data })); return; }
    if (type === "generation.progress" && jobs.has(data.id)) keepJob(data);
    else fetchJob(data.id).catch(() => {}); // the end of a job, or one that another device began
  };
  const onState = (live) => {
    isLive = live;
    if (live) fetchJobs().catch(() => {}); // what moved while nobody listened
    schedule();
  };
  stream = followEvents({ onEvent, onState });
  schedule();
}

export function stopJobs() {
  stream?.close();
  clearTimeout(timer);
  stream = null;
  isLive = false;
}

/** Forget everything of the person who left. */
export function forgetJobs() {
  stopJobs();
  jobs.clear();
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    try {
      await Promise.all(activeJobs().map(({ id }) => fetchJob(id)));
    } catch (error) {
      if (error instanceof SignedOut) return;
    }
    if (stream) schedule();
  }, isLive ? CHECK_MS : POLL_MS);
}

let wasPaused = false;
document.addEventListener("visibilitychange", () => {
  if (document.hidden && stream && !activeJobs().length) { stopJobs(); wasPaused = true; }
  else if (!document.hidden && wasPaused) { wasPaused = false; startJobs(); }
});
