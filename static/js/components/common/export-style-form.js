import { field, find } from "../../lib/dom.js";
import { exportStyle, keepExportStyle, STYLE_NAMES } from "../../api/export-style.js";

/** Let a person say how subtitles are cut and what channels are called; the links of the exports follow. @param {HTMLElement} page */
export function exportStyleForm(page) {
  const form = find(page, "[data-export-style] form", HTMLFormElement);
  const error = field(form, "error");
  for (const [name, value] of Object.entries(exportStyle())) inputOf(form, name).value = value;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", take);
  form.addEventListener("reset", () => setTimeout(take));
  follow(page);

  function take() {
    const wrong = STYLE_NAMES.map((name) => inputOf(form, name)).find((input) => !input.checkValidity());
    error.textContent = wrong?.validationMessage ?? "";
    error.hidden = !wrong;
    if (wrong) return;
    const written = STYLE_NAMES.map((name) => [name, inputOf(form, name).value.trim()]);
    keepExportStyle(Object.fromEntries(written.filter(([, value]) => value)));
    follow(page);
  }
}

/** @param {HTMLElement} page */
function follow(page) {
  const style = exportStyle();
  for (const link of page.querySelectorAll("a[data-export]")) {
    const address = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    for (const name of STYLE_NAMES) address.searchParams.delete(name);
    for (const [name, value] of Object.entries(style)) address.searchParams.set(name, value);
    link.setAttribute("href", address.pathname + address.search);
  }
}

/** @param {HTMLFormElement} form @param {string} name */
function inputOf(form, name) {
  return find(form, `[name="${name}"]`, HTMLInputElement);
}
