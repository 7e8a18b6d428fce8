// The shell: who is signed in, which page is open, and the navigation around it.

import { openJoin, openLogin, openWaitlist, openWelcome } from "./accounts.js";
import { get } from "./api.js";
import { openCameo } from "./cameo.js";
import { openComposer } from "./composer.js";
import { openCosigns } from "./cosigns.js";
import { fill, h, icon, ring } from "./dom.js";
import { openEnrol } from "./enrol.js";
import { serverEvents } from "./events.js";
import { forgetLists, openClip, openFeed } from "./feed.js";
import { announceWard } from "./guardians.js";
import { openJob } from "./job.js";
import { activeJobs, forgetJobs, isActive, jobEvents, startJobs } from "./jobs.js";
import { announceCosign } from "./likeness.js";
import { openLineage } from "./lineage.js";
import { openMe, openUser } from "./profile.js";
import { go, match, route } from "./router.js";
import { isSignedIn, session, sessionEvents, SignedOut } from "./session.js";
import { openVerify } from "./verify.js";
import { emptyState, failure, spinner, toast } from "./ui.js";

route("/", () => openFeed("latest"), { tab: "feed" });
route("/following", () => openFeed("following"), { tab: "feed" });
route("/clip/:id", openClip, { tab: "feed" });
route("/clip/:id/lineage", openLineage, { tab: "feed" });
route("/create", openComposer, { tab: "create" });
route("/jobs/:id", openJob, { tab: "create" });
route("/u/:username", openUser, { tab: "me" });
route("/me", openMe, { tab: "me" });
route("/me/:tab", openMe, { tab: "me" });
route("/likeness/enrol", openEnrol, { tab: "me" });
route("/likeness/cosigns", openCosigns, { tab: "me" });
route("/likeness/:handle", openCameo, { tab: "me" });
route("/likeness/:handle/:tab", openCameo, { tab: "me" });
route("/welcome", openWelcome, { isPublic: true });
route("/join", openJoin, { isPublic: true });
route("/join/:code", openJoin, { isPublic: true });
route("/login", openLogin, { isPublic: true });
route("/waitlist", openWaitlist, { isPublic: true });

route("/verify", openVerify, { forAll: true });

const view = document.getElementById("view");
const nav = document.getElementById("nav");
const making = ring();
const links = new Map();
let open = null;
let wanted = null; // where a stranger wanted to go before logging in

async function start() {
  buildNav();
  document.getElementById("skip").addEventListener("click", () => view.focus());
  window.addEventListener("hashchange", showPage);
  sessionEvents.addEventListener("change", enter);
  sessionEvents.addEventListener("profile", showPage);
  jobEvents.addEventListener("change", showMaking);
  serverEvents.addEventListener("cosign.requested", ({ detail }) => { if (location.hash !== "#/likeness/cosigns") announceCosign(detail); });
  serverEvents.addEventListener("guardian.asked", ({ detail }) => announceWard(detail));
  await enter();
}

/** Take in who is signed in now, then show the page of the address. */
async function enter() {
  forgetJobs();
  forgetLists();
  showMaking();
  if (isSignedIn()) {
    fill(view, spinner("Loading"));
    try {
      session.me = await get("/me");
    } catch (error) {
      if (error instanceof SignedOut) return; // forgetting the session came here again
      fill(view, failure(error, enter));
      return;
    }
    startJobs();
  }
  showPage();
}

function showPage() {
  const page = match(location.hash);
  const isIn = session.me !== null;
  if (!isIn && !page?.isPublic && !page?.forAll) {
    wanted = page && location.hash.length > 2 ? location.hash.slice(1) : null;
    go("/welcome", { replace: true });
    return;
  }
  if (isIn && page?.isPublic) {
    go(wanted ?? "/", { replace: true });
    wanted = null;
    return;
  }
  open?.close?.();
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  open = page ? page.open(page.params) : { element: emptyState("eyeoff", "No such page", "The address leads nowhere.", h("a", { class: "button", href: "#/" }, "To the feed")), title: "Not found" };
  document.title = `${open.title} · Vignette`;
  document.body.classList.toggle("is-in", isIn);
  for (const [tab, link] of links) {
    if (tab === page?.tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  fill(view, open.element);
  (open.focus ?? view).focus({ preventScroll: true });
  open.opened?.();
}

function buildNav() {
  const link = (tab, path, text, mark) => {
    const element = h("a", { href: `#${path}`, class: `nav-${tab}` }, mark, h("span", {}, text));
    links.set(tab, element);
    return element;
  };
  const create = h("span", { class: "create-mark" }, making.element, icon("plus"));
  fill(nav,
    h("a", { class: "brand", href: "#/", "aria-label": "Vignette, to the feed" }, h("img", { src: "/static/client/img/wordmark.svg", alt: "", width: 139, height: 40 })),
    link("feed", "/", "Feed", icon("home")), link("create", "/create", "Create", create), link("me", "/me", "You", icon("person")));
  links.get("feed").addEventListener("click", () => { if (location.hash === "#/" || location.hash === "") { forgetLists(); showPage(); } });
}

/** Show on the Create button how far the jobs are; say it when one ends elsewhere. */
function showMaking({ detail: job } = {}) {
  const running = activeJobs();
  const percent = running.length ? running.reduce((sum, { progress = 0 }) => sum + progress, 0) / running.length : 0;
  making.set(percent);
  links.get("create")?.classList.toggle("is-making", running.length > 0);
  if (!job) return;
  if (isActive(job)) watched.add(job.id);
  else if (watched.delete(job.id) && location.hash !== `#/jobs/${job.id}` && ["ready", "failed", "refused"].includes(job.state)) {
    toast(job.state === "ready" ? "Your clip is ready." : "A clip of yours could not be made.", { action: "See", onAction: () => go(`/jobs/${job.id}`) });
  }
}
const watched = new Set(); // jobs seen running, whose end is news

start();
