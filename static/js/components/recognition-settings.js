/** @import { RecognitionOptions } from "../lib/types.js" */
import { find } from "../lib/dom.js";

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
  }

  /** @returns {RecognitionOptions} */
  get values() {
    return {
      language: this.#chosen("language"),
      quality: this.#chosen("quality"),
      hotwords: this.#hotwords.value,
      itn: this.#switch("itn").checked,
      punctuation: this.#switch("punctuation").checked,
      channels: this.#root.querySelector('[name="channels"]') ? this.#chosen("channels") : "mix",
    };
  }

  // Internal

  get #hotwords() {
    return find(this.#root, '[name="hotwords"]', HTMLTextAreaElement);
  }

  /** @param {string} name */
  #chosen(name) {
    return find(this.#root, `[name="${name}"]:checked`, HTMLInputElement).value;
  }

  /** @param {string} name */
  #switch(name) {
    return find(this.#root, `[name="${name}"]`, HTMLInputElement);
  }

  #remember() {
    localStorage.setItem(this.#key, JSON.stringify(this.values));
  }

  #restore() {
    const stored = read(this.#key);
    for (const name of ["language", "quality", "channels"]) {
      const choice = this.#root.querySelector(`[name="${name}"][value="${CSS.escape(String(stored[name]))}"]`);
      if (choice instanceof HTMLInputElement) choice.checked = true;
    }
    for (const name of ["itn", "punctuation"]) {
      if (typeof stored[name] === "boolean") this.#switch(name).checked = stored[name];
    }
    if (typeof stored.hotwords === "string") this.#hotwords.value = stored.hotwords;
  }
}

/** @param {string} key @returns {Record<string, unknown>} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}
