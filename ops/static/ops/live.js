// Keeps the page fresh: fetches its sections every few seconds and swaps those that nobody is in.
// Without this script the page is the same, and "Refresh" is a link.

const main = document.getElementById("sections");
const state = document.getElementById("live-state");
const pause = document.getElementById("live-pause");
const refresh = document.getElementById("live-refresh");
const every = Number(main.dataset.everySeconds) * 1000;
let isFetching = false;

function isBusy(section) {
  const fields = [...section.querySelectorAll("input:not([type=hidden])")];
  return section.contains(document.activeElement) || fields.some((field) => field.value !== field.defaultValue);
}

function swap(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const section of fresh.querySelectorAll("section[id]")) {
    const old = document.getElementById(section.id);
    if (old === null || isBusy(old)) continue;
    const scrolled = [...old.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
    old.replaceWith(section);
    section.querySelectorAll(".scroll").forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
  }
  return fresh.querySelector("[data-as-of]").dataset.asOf;
}

function tell(text, isWrong) {
  state.textContent = text;
  state.classList.toggle("wrong", isWrong);
}

async function look() {
  if (isFetching) return;
  isFetching = true;
  try {
    const answer = await fetch(main.dataset.source, { redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect" || answer.status === 403) tell("Signed out: load the page again", true);
    else if (!answer.ok) tell(`The server says ${answer.status}; these figures are old`, true);
    else tell(`As of ${swap(await answer.text())} UTC`, false);
  } catch {
    tell("The server does not answer; these figures are old", true);
  } finally {
    isFetching = false;
  }
}

function isPaused() {
  return pause.getAttribute("aria-pressed") === "true";
}

pause.hidden = false;
pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!isPaused()));
  if (!isPaused()) look();
});
refresh.addEventListener("click", (event) => {
  event.preventDefault();
  look();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !isPaused()) look();
});
setInterval(() => {
  if (!document.hidden && !isPaused()) look();
}, every);
