import { find } from "../lib/dom.js";
import { localTimes } from "./page.js";

const PAUSE_MS = 250; // after the last key

/**
 * Search while the person types: the server renders the results, the form stays as it is.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement} results
 */
export function liveSearch(form, results) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = new AbortController();
  find(form, "[data-search-submit]", HTMLElement).hidden = true;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    timer = setTimeout(search, isTyping ? PAUSE_MS : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    void search();
  });

  async function search() {
    asked.abort();
    asked = new AbortController();
    const address = addressOf(form);
    try {
      const response = await fetch(address, { signal: asked.signal });
      replace(results, await response.text());
      history.replaceState(null, "", address);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) location.assign(address);
    }
  }
}

/** @param {HTMLFormElement} form */
function addressOf(form) {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value) wanted.set(name, String(value));
  }
  return wanted.size ? `${form.action}?${wanted}` : form.action;
}

/** @param {HTMLElement} results @param {string} html */
function replace(results, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const found = find(page, "[data-results]", HTMLElement);
  localTimes(found);
  results.replaceChildren(...found.children);
}
