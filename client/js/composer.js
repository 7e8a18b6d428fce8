// From a prompt to a job: what is asked, in which engine, and whether the policy allows it.

import { get, getPublic, post } from "./api.js";
import { castField } from "./cast-field.js";
import { fill, h, icon } from "./dom.js";
import { field, form } from "./forms.js";
import { isActive, jobEvents, keepJob, recentJobs } from "./jobs.js";
import { jobRow } from "./job.js";
import { pictureField } from "./picture-field.js";
import { promptField } from "./prompt-field.js";
import { go, goBack } from "./router.js";
import { about, randomKey, sentenceList } from "./text.js";
import { emptyState, failure, pageHeader, spinner } from "./ui.js";

const IDEAS = [
  "A red rubber ball bounces down a wooden staircase at sunset",
  "Three glass marbles roll across a beach and knock over a blue box",
  "A golden cube falls through the snow, slow motion, camera orbits",
  "A rubber duck jumps in the rain on a street at night",
];
const SECONDS_DEFAULT = 5;
const DRAFT_KEY = "vignette.prompt"; // what was being written survives a reload

/** Open the composer; with `remix` it makes a child of that clip, with `again` it starts from an earlier job's recipe. */
export function openComposer({ remix, again }) {
  const body = h("div", { class: "page-body" }, spinner("Loading engines"));
  const title = remix ? "Remix" : "Create";
  const element = h("section", { class: "page" }, pageHeader(title, { onBack: remix || again ? () => goBack() : null }), body);
  const closing = new AbortController();
  let prompt = null;

  const opened = async () => {
    try {
      const [engines, config, parent, job] = await Promise.all([
        get("/engines"), getPublic("/config"), remix && get(`/clips/${remix}`), again && get(`/generations/${again}`),
      ]);
      if (closing.signal.aborted) return;
      const list = engines.items.filter((engine) => engine.sizes.length);
      if (!list.length) { fill(body, emptyState("spark", "No engine is running", "The operator of this instance has no engine connected right now.")); return; }
      const built = composerForm({ engines: list, limits: config.limits, parent, recipe: job?.recipe });
      prompt = built.prompt;
      fill(body, recentList(closing.signal), built.element);
    } catch (error) {
      if (!closing.signal.aborted) fill(body, failure(error, opened));
    }
  };
  const close = () => { closing.abort(); prompt?.stop(); };
  return { element, title, opened, close };
}

function composerForm({ engines, limits, parent, recipe }) {
  let sent = {}; // a press whose answer was lost is repeated with the same key: still one job
  const engine = h("select", {}, engines.map(({ name, description }) => h("option", { value: name }, description ? `${name}: ${description}` : name)));
  const seconds = h("input", { type: "range", step: 1 });
  const secondsOut = h("output", { class: "range-value" });
  const size = h("select", {});
  const seed = h("input", { type: "number", min: 0, max: 2_147_483_647, step: 1, inputmode: "numeric", placeholder: "Chosen for you" });
  const caption = h("input", { type: "text", maxlength: 300, placeholder: "Said below the clip (optional)" });
  const isPublished = h("input", { type: "checkbox", role: "switch", id: "publish" });
  const estimate = h("p", { class: "estimate", "aria-live": "polite" });

  const values = () => ({
    prompt: prompt.control.value,
    seconds: Number(seconds.value),
    size: size.value,
    engine: engine.value,
    ...(seed.value === "" ? {} : { seed: Number(seed.value) }),
    ...(caption.value.trim() ? { caption: caption.value.trim() } : {}),
    ...(picture.id() ? { input_reference: picture.id() } : {}),
    ...(parent ? { remix_of: { clip: parent.id, kind: "remix" } } : {}),
    publish: isPublished.checked,
  });
  const prompt = promptField({
    limit: limits.prompt_characters,
    value: recipe?.prompt ?? (parent ? "" : sessionStorage.getItem(DRAFT_KEY) ?? ""),
    request: values,
    onVerdict: (verdict) => { estimate.textContent = verdict ? estimateOf(verdict) : ""; },
  });
  const picture = pictureField(() => prompt.recheck());
  let length = recipe?.seconds ?? SECONDS_DEFAULT;
  const showEngine = () => {
    const chosen = engines.find(({ name }) => name === engine.value);
    seconds.min = chosen.min_seconds;
    seconds.max = chosen.max_seconds;
    seconds.value = length;
    fill(size, chosen.sizes.map((value) => h("option", { value }, sizeName(value))));
    if (recipe && chosen.sizes.includes(recipe.size)) size.value = recipe.size;
    secondsOut.textContent = `${seconds.value} s`;
  };
  engine.value = (engines.find(({ name }) => name === recipe?.engine) ?? engines.find((one) => one.is_default) ?? engines[0]).name;
  showEngine();
  engine.addEventListener("change", showEngine);
  seconds.addEventListener("input", () => { length = Number(seconds.value); secondsOut.textContent = `${seconds.value} s`; });
  for (const control of [engine, seconds, size]) control.addEventListener("change", prompt.recheck);
  prompt.control.addEventListener("input", () => sessionStorage.setItem(DRAFT_KEY, prompt.control.value));

  const fields = {
    prompt,
    seconds: field("seconds", "Length", { input: seconds }),
    size: field("size", "Size", { input: size }),
    caption: field("caption", "Caption", { input: caption }),
    engine: field("engine", "Engine", { input: engine }),
    picture,
    seed: field("seed", "Seed", { input: seed, hint: "The same prompt and seed draw the same frames." }),
  };
  fields.seconds.element.querySelector("label").append(secondsOut);
  const element = form({
    fields: Object.values(fields),
    content: [
      parent && parentCard(parent),
      prompt.element,
      castField(prompt.control).element,
      !recipe && !parent && ideas(prompt.control),
      h("div", { class: "two" }, fields.seconds.element, fields.size.element),
      fields.caption.element,
      h("label", { class: "switch-row", for: "publish" }, h("span", {}, "Publish when ready", h("small", {}, "Off: it waits as a draft that only you see.")), isPublished),
      h("details", { class: "options" }, h("summary", {}, "More options"), fields.picture.element, fields.engine.element, fields.seed.element),
    ],
    submit: parent ? "Make the remix" : "Make the clip",
    after: estimate,
    async onSubmit() {
      const body = values();
      const text = JSON.stringify(body);
      if (text !== sent.text) sent = { text, key: randomKey() };
      try {
        const job = keepJob(await post("/generations", body, { key: sent.key }));
        sent = {};
        sessionStorage.removeItem(DRAFT_KEY);
        go(`/jobs/${job.id}`);
      } catch (error) {
        if (error.status) sent = {}; // answered: the next press is another request
        if (error.code === "prompt_refused") prompt.showReasons(error.body.reasons);
        throw error;
      }
    },
  });
  return { element, prompt };
}

function estimateOf({ price, balance, allowed, eta_seconds: wait, needs_consent_of: asked }) {
  const cost = `${price} of your ${balance} credits`;
  if (allowed && asked?.length) return `${cost} · waits until ${sentenceList(asked)} ${asked.length > 1 ? "agree" : "agrees"}`;
  return allowed && wait != null ? `${cost} · ready in ${about(wait)}` : cost;
}

function sizeName(size) {
  const [width, height] = size.split("x").map(Number);
  return `${width === height ? "Square" : width < height ? "Tall" : "Wide"} ${width}×${height}`;
}

function ideas(control) {
  const use = (text) => { control.value = text; control.dispatchEvent(new Event("input")); control.focus(); };
  return h("div", { class: "ideas", role: "group", "aria-label": "Ideas" }, IDEAS.map((text) => h("button", { type: "button", class: "chip", onclick: () => use(text) }, text)));
}

function parentCard(parent) {
  return h("a", { class: "parent-card", href: `#/clip/${parent.id}` },
    h("img", { src: parent.poster_url, alt: "", width: 54, height: 96 }),
    h("span", {}, h("strong", {}, `Remix of @${parent.author.username}`), h("small", {}, parent.caption || "Without a caption"), h("small", {}, "Your clip names this one and its author, and carries it in its credentials.")));
}

function recentList(signal) {
  const list = h("ul", { class: "job-list" });
  const section = h("section", { class: "recent", "aria-label": "Your recent clips in the making" }, h("h2", {}, "In the making"), list);
  const show = () => {
    const shown = recentJobs().filter((job) => isActive(job) || ["failed", "refused", "expired"].includes(job.state)).slice(0, 3);
    section.hidden = shown.length === 0;
    fill(list, shown.map((job) => h("li", {}, jobRow(job))));
  };
  jobEvents.addEventListener("change", show, { signal });
  show();
  return section;
}
