import { problemOf } from "../../api/client.js";
import { find, write } from "../../lib/dom.js";
import { ownZone } from "../../lib/reader.js";
import { localTimes } from "../common/page.js";

/** @type {Record<string, number>} how long after the last key of a kind of field */
const PAUSES_MS = { search: 250, text: 250, date: 700 };

/** Searches while the person types, and turns the pages: the server renders the results, the form stays as it is. */
export class LiveSearch {
  #form;
  #results;
  #replaced;
  #problem = find(document, "[data-search-problem]", HTMLElement);
  #asked = new AbortController();
  #address = location.href;

  /** @param {HTMLFormElement} form @param {HTMLElement} results @param {() => void} replaced */
  constructor(form, results, replaced) {
    this.#form = form;
    this.#results = results;
    this.#replaced = replaced;
    this.#listen();
  }

  /** Ask for the same page again, because something on it has changed. */
  refresh() {
    return this.#show(location.href);
  }

  // Internal

  #listen() {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const search = () => {
      clearTimeout(timer);
      void this.#show(addressOf(this.#form), "replace");
    };
    find(this.#form, "[data-search-submit]", HTMLElement).hidden = true;
    find(this.#form, "[data-zone]", HTMLInputElement).value ||= ownZone();
    this.#form.addEventListener("input", ({ target }) => {
      clearTimeout(timer);
      timer = setTimeout(search, target instanceof HTMLInputElement ? (PAUSES_MS[target.type] ?? 0) : 0);
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      search();
    });
    this.#results.addEventListener("click", (event) => this.#turnPage(event));
    window.addEventListener("popstate", () => location.reload());
    find(document, "[data-search-again]", HTMLButtonElement).addEventListener(
      "click",
      () => void this.#show(this.#address, "replace"),
    );
  }

  /** @param {MouseEvent} event */
  async #turnPage(event) {
    const link = event.target instanceof Element ? event.target.closest("a[rel]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!(await this.#show(link.href, "push"))) return;
    this.#results.focus({ preventScroll: true });
    this.#results.scrollIntoView({ block: "start" });
  }

  /**
   * Show what the server finds at `address`; resolves to whether it is what is shown now.
   *
   * @param {string} address
   * @param {"push" | "replace"} [way] into the history of the window
   */
  async #show(address, way) {
    this.#asked.abort();
    const asked = (this.#asked = new AbortController());
    this.#address = address;
    this.#results.ariaBusy = "true";
    try {
      const response = await fetch(address, { signal: asked.signal });
      if (!response.ok) throw new Error(`status ${response.status}`);
      replace(this.#results, await response.text());
      if (way === "push") history.pushState(null, "", address);
      if (way === "replace") history.replaceState(null, "", address);
      this.#problem.hidden = true;
      this.#replaced();
      return true;
    } catch (error) {
      if (!asked.signal.aborted) this.#showError(error);
      return false;
    } finally {
      if (asked === this.#asked) this.#results.ariaBusy = "false";
    }
  }

  /** @param {unknown} error */
  #showError(error) {
    const { message, advice } = problemOf(error);
    write(this.#problem, "text", `${message} ${advice}`);
    this.#problem.hidden = false;
  }
}

/** @param {HTMLFormElement} form */
function addressOf(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value) query.set(name, String(value));
  }
  if (!query.has("since") && !query.has("until")) query.delete("zone"); // it says where days begin
  const address = new URL(form.action);
  address.search = String(query);
  return address.href;
}

/** @param {HTMLElement} results @param {string} html */
function replace(results, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const found = find(page, "[data-results]", HTMLElement);
  localTimes(found);
  results.replaceChildren(...found.children);
  const count = page.querySelector("[data-trash-count]");
  if (count) document.querySelector("[data-trash-count]")?.replaceWith(count);
}
