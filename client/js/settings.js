// My account: name, what stands below it, and the ways out.

import { patch, remove } from "./api.js";
import { h, icon } from "./dom.js";
import { field, form } from "./forms.js";
import { openGuardians } from "./guardians.js";
import { forgetSession, logOut, session, sessionEvents } from "./session.js";
import { attempt, confirmSheet, menuItem, openSheet, toast } from "./ui.js";

/** Open my settings. */
export function openSettings() {
  openSheet("Settings", (close) => [
    menuItem("person", "Edit profile", () => { close(); openProfileForm(); }),
    menuItem("check", "Guardians", () => { close(); openGuardians(); }),
    h("a", { class: "menu-item", href: "/api/v1/docs", target: "_blank", rel: "noopener" }, icon("seal"), "API documentation"),
    menuItem("back", "Log out", () => { close(); logOut(); }),
    menuItem("close", "Log out everywhere", () => { close(); leaveEverywhere(); }, { isDanger: true }),
  ]);
}

function openProfileForm() {
  const { me } = session;
  const bio = h("textarea", { rows: 3, maxlength: 200 });
  bio.value = me.bio;
  openSheet("Edit profile", (close) => form({
    fields: [field("display_name", "Name", { value: me.display_name, maxlength: 50 }), field("bio", "About you", { input: bio, hint: "Up to 200 characters." })],
    submit: "Save",
    async onSubmit(values) {
      session.me = await patch("/me", values);
      close();
      toast("Saved.");
      sessionEvents.dispatchEvent(new Event("profile"));
    },
  }));
}

async function leaveEverywhere() {
  if (!(await confirmSheet("Log out everywhere?", "Every device of yours has to log in again.", "Log out"))) return;
  if (await attempt(() => remove("/me/sessions"))) forgetSession();
}
