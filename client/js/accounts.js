// Coming in: welcome, sign-up with an invite, log-in with every pending step, the waiting list.

import { auth, postPublic } from "./api.js";
import { fill, h } from "./dom.js";
import { field, form } from "./forms.js";
import { go } from "./router.js";
import { keepTokens, sessionEvents } from "./session.js";
import { pageHeader, toast } from "./ui.js";

const enter = ({ meta }) => {
  keepTokens(meta);
  sessionEvents.dispatchEvent(new Event("change"));
};

/** Open the page a stranger sees. */
export function openWelcome() {
  const element = h("section", { class: "welcome" },
    h("div", { class: "welcome-art", "aria-hidden": "true" }),
    h("div", { class: "welcome-text" },
      h("img", { class: "welcome-icon", src: "/static/client/img/icon.svg", alt: "", width: 72, height: 72 }),
      h("h1", {}, h("img", { src: "/static/client/img/wordmark.svg", alt: "Vignette", width: 216, height: 62 })),
      h("p", { class: "lead" }, "Write a sentence, get a clip. Every clip is marked, signed, and says where it came from."),
      h("a", { class: "button primary wide", href: "#/join" }, "Join with an invite"),
      h("a", { class: "button wide", href: "#/login" }, "Log in"),
      h("p", { class: "quiet-text" }, "No invite? ", h("a", { href: "#/waitlist" }, "Join the waiting list"), ". Found a clip? ", h("a", { href: "#/verify" }, "Check the file"), ".")));
  return { element, title: "Welcome" };
}

/** Open sign-up; `code` comes from a link that somebody shared. */
export function openJoin({ code = "" }) {
  const today = new Date().toISOString().slice(0, 10);
  const fields = [
    field("invite_code", "Invite code", { value: code, required: true, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", placeholder: "XXXX-XXXX", class: "code" }),
    field("username", "Username", { required: true, minlength: 3, maxlength: 30, autocomplete: "username", autocapitalize: "none", spellcheck: "false", hint: "3 to 30 letters, digits, dots or underscores. It stands on every clip you make." }),
    field("email", "E-mail", { type: "email", required: true, autocomplete: "email" }),
    field("password", "Password", { type: "password", required: true, minlength: 8, autocomplete: "new-password", hint: "At least 8 characters; a few words are easy to keep." }),
    field("birth_date", "Date of birth", { type: "date", required: true, max: today, autocomplete: "bday", hint: "Only to check your age. Nobody sees it." }),
  ];
  const page = accountPage("Join", form({
    fields, submit: "Create my account",
    async onSubmit(values) {
      await finish(page, await auth("/auth/signup", { ...values, username: values.username.trim().toLowerCase(), invite_code: values.invite_code.trim().toUpperCase() }));
    },
    after: h("p", { class: "quiet-text" }, "Already here? ", h("a", { href: "#/login" }, "Log in"), ". No code? ", h("a", { href: "#/waitlist" }, "Join the waiting list"), "."),
  }));
  page.focus = (code ? fields[1] : fields[0]).control;
  return page;
}

/** Open log-in. */
export function openLogin() {
  const fields = [
    field("login", "Username or e-mail", { required: true, autocomplete: "username", autocapitalize: "none", spellcheck: "false" }),
    field("password", "Password", { type: "password", required: true, autocomplete: "current-password" }),
  ];
  const page = accountPage("Log in", form({
    fields, submit: "Log in",
    async onSubmit({ login, password }) {
      const name = login.trim();
      await finish(page, await auth("/auth/login", { [name.includes("@") ? "email" : "username"]: name, password }));
    },
    after: h("p", { class: "quiet-text" }, "New here? ", h("a", { href: "#/join" }, "Join with an invite"), "."),
  }));
  page.focus = fields[0].control;
  return page;
}

/** Open the waiting list. */
export function openWaitlist() {
  const fields = [field("email", "E-mail", { type: "email", required: true, autocomplete: "email" })];
  const page = accountPage("Waiting list", form({
    fields, submit: "Put me on the list",
    before: h("p", {}, "Vignette grows by invitation. Leave your address, and a code reaches you when there is room."),
    async onSubmit(values) {
      const { position } = await postPublic("/waitlist", values);
      fill(page.body, h("p", { class: "lead" }, `You are number ${position} on the list. The code comes by e-mail.`), h("a", { class: "button", href: "#/welcome" }, "Back"));
    },
  }));
  page.focus = fields[0].control;
  return page;
}

// Signed in, or one more step: a code from the mail, or from the authenticator app.
async function finish(page, answer) {
  if (answer.meta?.is_authenticated) { enter(answer); return; }
  const sessionToken = answer.meta?.session_token;
  const step = answer.pending?.id === "verify_email"
    ? { name: "key", path: "/auth/email/verify", label: "Code from the e-mail", text: "We sent a code to your address." }
    : { name: "code", path: "/auth/2fa/authenticate", label: "Code from your authenticator app", text: "This account has a second factor." };
  const code = field(step.name, step.label, { required: true, autocomplete: "one-time-code", inputmode: "text" });
  fill(page.body, form({
    fields: [code], submit: "Continue", before: h("p", {}, step.text),
    onSubmit: async (values) => finish(page, await auth(step.path, { [step.name]: values[step.name].trim() }, { sessionToken })),
  }));
  code.control.focus();
}

function accountPage(title, content) {
  const body = h("div", { class: "page-body narrow" }, content);
  const element = h("section", { class: "page" }, pageHeader(title, { onBack: () => go("/welcome") }), body);
  return { element, title, body };
}
