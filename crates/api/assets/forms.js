// Forms: shows passwords on request, marks invalid fields, and sends a form only once.

/** How long a sent form is not sent again, in milliseconds. */
const TIMEOUT = 10_000;

for (const form of document.forms) {
  const button = form.querySelector("button[type=submit]");
  const passwords = [...form.querySelectorAll("input[type=password]")];

  for (const field of passwords) {
    const toggle = document.createElement("button");
    toggle.type = "button";
    toggle.className = "plain show";
    toggle.textContent = "Show password";
    toggle.setAttribute("aria-pressed", "false");
    toggle.setAttribute("aria-controls", field.id);
    toggle.addEventListener("click", () => {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      toggle.setAttribute("aria-pressed", String(shown));
    });
    field.after(toggle);
  }

  /** Hides all passwords. */
  function hide() {
    for (const field of passwords) field.type = "password";
    for (const toggle of form.querySelectorAll("button.show")) toggle.setAttribute("aria-pressed", "false");
  }

  // The browser focuses the first invalid field and shows why it is invalid.
  form.addEventListener("invalid", ({ target }) => target.setAttribute("aria-invalid", "true"), true);
  form.addEventListener("input", ({ target }) => target.removeAttribute("aria-invalid"));

  form.addEventListener("submit", (event) => {
    if (button.disabled) return event.preventDefault();
    // Browsers remember the text of fields that are not for passwords.
    hide();
    button.disabled = true;
    // The response may never come.
    setTimeout(() => { button.disabled = false; }, TIMEOUT);
  });

  // The browser may show the same page again when the user goes back.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    button.disabled = false;
    hide();
  });
}
