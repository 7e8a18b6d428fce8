// Server-sent events over fetch: EventSource cannot carry a bearer token.

import { authorized } from "./api.js";
import { SignedOut } from "./session.js";

/** Fires each live event that is not about a job, under its own name, with its data as detail. */
export const serverEvents = new EventTarget();

const BACKOFF_SECONDS = [0.5, 1, 2, 4, 8, 15];

/** Split a stream of text into events, whatever the chunks' borders; `feed(text)` returns those now complete. */
export function eventParser() {
  let rest = "";
  let event = { type: "message", data: [] };
  const events = [];
  const line = (text) => {
    if (text === "") {
      if (event.data.length) events.push({ ...event, data: event.data.join("\n") });
      event = { type: "message", data: [] };
      return;
    }
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(text);
    if (name === "data") event.data.push(value);
    else if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
  };
  return {
    feed(text) {
      rest += text;
      const lines = rest.split(/\r\n|\n|\r(?=.)/s);
      rest = lines.pop();
      lines.forEach(line);
      return events.splice(0);
    },
  };
}

/**
 * Follow the live events until `close()`. A broken stream is taken up again behind the last event seen,
 * first at once, then with growing pauses; `onState(isLive)` says whether it holds.
 */
export function followEvents({ onEvent, onState }) {
  const closing = new AbortController();
  let lastId = null;
  const run = async () => {
    for (let failures = 0; !closing.signal.aborted; failures += 1) {
      try {
        await readStream(() => { failures = 0; onState(true); });
      } catch (error) {
        if (error instanceof SignedOut) return;
      }
      if (closing.signal.aborted) return;
      onState(false);
      const seconds = BACKOFF_SECONDS[Math.min(failures, BACKOFF_SECONDS.length - 1)];
      await pause(seconds * (0.75 + Math.random() / 2), closing.signal);
    }
  };
  const readStream = async (opened) => {
    const headers = { Accept: "text/event-stream", ...(lastId === null ? {} : { "Last-Event-ID": lastId }) };
    const response = await authorized("/api/v1/events", { headers, signal: closing.signal });
    if (!response.ok) throw new Error(`events answered ${response.status}`);
    opened();
    const parser = eventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const event of parser.feed(value)) {
        if (event.id) lastId = event.id;
        onEvent(event.type, JSON.parse(event.data));
      }
    }
  };
  run();
  return { close: () => closing.abort() };
}

/** Wait so many seconds, or until the signal aborts. */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
