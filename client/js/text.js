// Pure functions between data and words: spans, counts, times, sentences.

/** Return [before, inside, after] of a span counted in code points, as the server counts, not in UTF-16 units. */
export function splitSpan(text, span) {
  const points = Array.from(text);
  const [start, end] = span ?? [0, points.length];
  return [points.slice(0, start), points.slice(start, end), points.slice(end)].map((part) => part.join(""));
}

/** Return how many characters a person would say this is: code points, as the server counts them. */
export function characters(text) {
  return Array.from(text).length;
}

/** Return a count as a phone shows it: 999, 1.2k, 3.4M. */
export function shortCount(count) {
  if (count < 1000) return String(count);
  const [value, unit] = count < 999_950 ? [count / 1000, "k"] : [count / 1_000_000, "M"];
  return `${value >= 100 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, "")}${unit}`;
}

/** Return how long ago a moment was, in words. */
export function ago(isoTime, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(isoTime)) / 1000);
  if (seconds < 60) return "just now";
  for (const [unit, size, limit] of [["min", 60, 3600], ["h", 3600, 86_400], ["d", 86_400, 604_800]]) {
    if (seconds < limit) return `${Math.floor(seconds / size)} ${unit} ago`;
  }
  return new Date(isoTime).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** Return a duration ahead in words, rounded the way a person would. */
export function about(seconds) {
  if (seconds == null) return "";
  if (seconds < 8) return "a few seconds";
  if (seconds < 90) return `about ${Math.ceil(seconds / 5) * 5}\u00a0s`;
  if (seconds < 7200) return `about ${Math.round(seconds / 60)}\u00a0min`;
  return seconds < 172_800 ? `about ${Math.round(seconds / 3600)}\u00a0h` : `about ${Math.round(seconds / 86_400)} days`;
}

/** Return a list as English writes it: a, b and c. */
export function sentenceList(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** Return a hue 0-359 that is always the same for the same name. */
export function hueOf(name) {
  let hash = 7;
  for (const point of name) hash = (hash * 31 + point.codePointAt(0)) % 3600;
  return hash % 360;
}

/** Return 128 random bits as text; works without a secure context, where randomUUID is missing. */
export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
