import { url } from "../../lib/address.js";
import { find } from "../../lib/dom.js";

const A_YEAR = 365 * 24 * 3600; // seconds

/** Change the theme at once; the cookie lets the server render the next page in it. */
export function themeSwitch() {
  const panel = find(document, "[data-theme-switch]", HTMLElement);
  panel.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    event.preventDefault();
    document.documentElement.dataset.theme = button.value;
    document.cookie = `theme=${button.value}; path=${url("/")}; max-age=${A_YEAR}; samesite=lax`;
    for (const choice of panel.querySelectorAll("button")) choice.ariaPressed = String(choice === button);
    panel.closest("details")?.removeAttribute("open");
  });
}
