// The camera: a stream, a recorder, and the cues that a person follows while it records.

const TYPES = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const VIDEO = { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } };
const BITS_PER_SECOND = 1_800_000;
const CHUNK_MS = 1000;
const LOOK_MS = 1600;
const DIGIT_MS = 1100;
const TURN_MS = 1700;
const BACK_MS = 1000;

/** Whether this browser can record at all; a page without TLS has no camera. */
export function canRecord() {
  return Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
}

/** Return the camera with its sound; raises an Error with a sentence for people. */
export async function openCamera() {
  if (!canRecord()) throw new Error("This browser gives no page a camera here. Open Vignette over https, or in another browser.");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: VIDEO, audio: { echoCancellation: true, noiseSuppression: true } });
  } catch (error) {
    const sentences = {
      NotAllowedError: "The camera or the microphone was not allowed. Allow both for this page and try again.",
      NotFoundError: "No camera with a microphone was found.",
      NotReadableError: "Another program uses the camera.",
    };
    throw new Error(sentences[error.name] ?? "The camera could not be opened.");
  }
}

export function closeCamera(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

/** Return what a person is to do, in order: {text, detail, ms}. */
export function cuesOf({ digits, turns }) {
  const look = (ms) => ({ text: "Look straight ahead", detail: "", ms });
  return [
    look(LOOK_MS),
    ...digits.map((digit) => ({ text: String(digit), detail: "Say it aloud", ms: DIGIT_MS })),
    ...turns.flatMap((side) => [
      { text: side === "left" ? "Turn your head to your left" : "Turn your head to your right", detail: "As far as is comfortable", side, ms: TURN_MS },
      look(BACK_MS),
    ]),
  ];
}

/** Record the stream while the cues pass; `onCue(cue, index, count)` shows each. Resolves to a Blob. */
export function record(stream, cues, { onCue, signal }) {
  return new Promise((resolve, reject) => {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS_PER_SECOND });
    const parts = [];
    const stop = () => { if (recorder.state !== "inactive") recorder.stop(); };
    recorder.addEventListener("dataavailable", ({ data }) => { if (data.size) parts.push(data); });
    recorder.addEventListener("error", () => reject(new Error("The recording broke off.")));
    recorder.addEventListener("stop", () => {
      if (signal.aborted) reject(new DOMException("left", "AbortError"));
      else resolve(new Blob(parts, { type: recorder.mimeType.split(";")[0] }));
    });
    signal.addEventListener("abort", stop, { once: true });
    stream.getTracks().forEach((track) => track.addEventListener("ended", stop, { once: true }));
    recorder.start(CHUNK_MS);
    follow(cues, onCue, signal).then(stop);
  });
}

async function follow(cues, onCue, signal) {
  for (const [index, cue] of cues.entries()) {
    if (signal.aborted) return;
    onCue(cue, index, cues.length);
    await new Promise((resolve) => { setTimeout(resolve, cue.ms); });
  }
}
