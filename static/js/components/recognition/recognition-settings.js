/** @import { RecognitionOptions } from "../../api/types.js" */
import { find } from "../../lib/dom.js";
import { readJson } from "../../lib/storage.js";
import { restoreSwitches, switchesIn } from "./option-switches.js";
import { SavedLists } from "./saved-lists.js";

const KEY = "funasr.recognition-settings";

/** The settings beside the drop zone; the browser remembers the last ones. */
export class RecognitionSettings {
  #root;
  #key;

  /** @param {HTMLElement} root @param {string} [key] under which the values are remembered */
  constructor(root, key = KEY) {
    this.#root = root;
    this.#key = key;
    this.#restore();
    root.addEventListener("input", () => this.#remember());
    for (const lists of root.querySelectorAll("[data-saved-lists]"))
      if (lists instanceof HTMLElement) new SavedLists(lists);
  }

  /** Offer what a model that was loaded meanwhile knows. @param {string[]} languages */
  offer(languages) {
    if (!languages.length) return;
    for (const choice of this.#root.querySelectorAll('label:has([name="language"])')) {
      const { value } = find(choice, "input", HTMLInputElement);
      if (choice instanceof HTMLElement) choice.hidden = value !== "auto" && !languages.includes(value);
    }
    const more = find(this.#root, "[data-more-languages]", HTMLDetailsElement);
    more.hidden = !more.querySelector("label:not([hidden])");
    this.#choose("language", this.#stored.language);
  }

  /** @returns {RecognitionOptions} */
  get values() {
    return {
      language: this.#chosen("language"),
      quality: this.#chosen("quality"),
      hotwords: this.#hotwords.value,
      ...switchesIn(this.#root),
      channels: this.#root.querySelector('[name="channels"]') ? this.#chosen("channels") : "mix",
      ...this.#replacements,
      speakers: this.#speakers?.value ?? "off",
    };
  }

  // Internal

  get #speakers() {
    const choice = this.#root.querySelector('[name="speakers"]');
    return choice instanceof HTMLSelectElement ? choice : null;
  }

  get #hotwords() {
    return find(this.#root, '[name="hotwords"]', HTMLTextAreaElement);
  }

  get #rules() {
    return find(this.#root, '[name="replacements"]', HTMLTextAreaElement);
  }

  /** Those of the settings page hold as well; where there are no others, the server takes them by itself. */
  get #replacements() {
    const own = this.#rules.value.trim();
    const { house } = find(this.#root, "[data-replacements]", HTMLElement).dataset;
    return own ? { replacements: [house, own].filter(Boolean).join("\n") } : {};
  }

  /** @param {string} name */
  #chosen(name) {
    return find(this.#root, `[name="${name}"]:checked`, HTMLInputElement).value;
  }

  /** What the model does not know is not chosen: then it is the first one, and the memory stays. @param {string} name @param {unknown} value */
  #choose(name, value) {
    const choice = this.#root.querySelector(
      `label:not([hidden]) [name="${name}"][value="${CSS.escape(String(value))}"]`,
    );
    if (choice instanceof HTMLInputElement) {
      choice.checked = true;
      choice.closest("details")?.setAttribute("open", "");
    } else if (this.#root.querySelector(`[hidden] [name="${name}"]:checked`))
      find(this.#root, `[name="${name}"]`, HTMLInputElement).checked = true;
  }

  /** @returns {Record<string, unknown>} */
  get #stored() {
    return readJson(localStorage, this.#key) ?? {};
  }

  #remember() {
    localStorage.setItem(this.#key, JSON.stringify({ ...this.values, replacements: this.#rules.value }));
  }

  #restore() {
    const stored = this.#stored;
    for (const name of ["language", "quality", "channels"]) this.#choose(name, stored[name]);
    restoreSwitches(this.#root, stored);
    if (this.#speakers && typeof stored.speakers === "string") this.#speakers.value = stored.speakers;
    if (this.#speakers?.value === "") this.#speakers.value = "off";
    if (typeof stored.hotwords === "string") this.#hotwords.value = stored.hotwords;
    if (typeof stored.replacements === "string") this.#rules.value = stored.replacements;
  }
}
