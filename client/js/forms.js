// Forms whose errors stand at the fields, in sentences, whoever found them.

import { h } from "./dom.js";
import { SignedOut } from "./session.js";

/** Return a labelled field. `props` go to the input; `hint` stands below it. */
export function field(name, label, { hint, input, ...props } = {}) {
  const id = `field-${name}`;
  const control = input ?? h("input", { type: "text", ...props });
  control.id = id;
  control.name = name;
  const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });
  const help = hint && h("p", { class: "field-hint", id: `${id}-hint` }, hint);
  control.setAttribute("aria-describedby", [help && `${id}-hint`, `${id}-error`].filter(Boolean).join(" "));
  const showError = (message) => {
    error.textContent = message ?? "";
    if (message) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  control.addEventListener("input", () => showError(null));
  return { name, control, showError, element: h("div", { class: "field" }, h("label", { for: id }, label), control, help, error) };
}

/**
 * Return a form of fields, laid out as `content` or one below the other. `onSubmit(values)` may raise an
 * ApiError, which is shown where it belongs.
 */
export function form({ fields, content = fields.map((one) => one.element), submit, onSubmit, before, after }) {
  const general = h("p", { class: "form-error", role: "alert" });
  const button = h("button", { class: "button primary wide", type: "submit" }, submit);
  const element = h("form", { class: "form", novalidate: true }, before, content, general, button, after);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled || !isFilled(fields)) return;
    general.textContent = "";
    setBusy(button, true);
    try {
      await onSubmit(Object.fromEntries(fields.map(({ name, control }) => [name, control.value])));
    } catch (error) {
      if (!(error instanceof SignedOut)) showErrors(error, fields, general);
    } finally {
      setBusy(button, false);
    }
  });
  return element;
}

/** Show an error at its fields; what belongs to none stands above the button. Focus goes to the first. */
export function showErrors(error, fields, general) {
  const shown = fields.filter(({ name, showError }) => {
    const message = error.fields?.get(name);
    if (message) showError(message);
    return message;
  });
  const elsewhere = [...(error.fields ?? [])].filter(([name]) => !shown.some((one) => one.name === name)).map(([, message]) => message);
  const rest = [error.general, ...elsewhere].filter(Boolean).join(" ");
  general.textContent = rest || (shown.length ? "" : error.message);
  reveal(shown[0]);
}

/** Mark a button as working; a second press does nothing meanwhile. */
export function setBusy(button, isBusy) {
  button.disabled = isBusy;
  button.setAttribute("aria-busy", String(isBusy));
}

// The browser's own checks, but shown as our sentences at the field.
function isFilled(fields) {
  const wrong = fields.filter(({ control, showError }) => {
    const isValid = control.checkValidity();
    showError(isValid ? null : control.validity.valueMissing ? "Please fill this in." : control.validationMessage);
    return !isValid;
  });
  reveal(wrong[0]);
  return wrong.length === 0;
}

function reveal(one) {
  one?.control.closest("details")?.setAttribute("open", "");
  one?.control.focus();
}
