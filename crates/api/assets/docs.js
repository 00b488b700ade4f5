// Shows the OpenAPI document with Swagger UI. The document names no other host, and neither does the page.

const place = document.getElementById("docs");

// Swagger UI has dark colors, but does not follow the system by itself.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

/** Replaces the parts of Swagger UI that assistive technology cannot use. */
const accessible = ({ React: { createElement, Fragment } }) => ({
  components: {
    // A link inside of a button. The button does the same.
    DeepLink: ({ text, className }) => createElement("span", { className }, text),
    // A list of one address without a label. This page is for this service only.
    ServersContainer: () => null,
    TextArea: (props) => createElement("textarea", { "aria-label": "Request body", ...props }),
  },
  wrapComponents: {
    // Its headings are of the third level.
    operations: (Original) => (props) => createElement(Fragment, null,
      createElement("h2", { className: "heading" }, "Operations"), createElement(Original, props)),
  },
});

/** Adds missing accessible names, and removes those that differ from the visible text. */
function label() {
  for (const [selector, name] of [[".close-modal", "Close"], [".copy-to-clipboard button", "Copy"]]) {
    place.querySelectorAll(`${selector}:not([aria-label])`).forEach((button) => button.setAttribute("aria-label", name));
  }
  place.querySelectorAll(".auth-btn-wrapper [aria-label]").forEach((button) => button.removeAttribute("aria-label"));
  for (const [tag, level] of [["h3", "2"], ["h4", "3"]]) {
    place.querySelectorAll(`.modal-ux ${tag}:not([aria-level])`).forEach((title) => title.setAttribute("aria-level", level));
  }
}

new MutationObserver(label).observe(place, { childList: true, subtree: true });

SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  layout: "BaseLayout",
  plugins: [accessible],
  deepLinking: true,
  // The badge would be loaded from another host.
  validatorUrl: null,
});
