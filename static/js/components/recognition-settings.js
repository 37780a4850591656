import { find } from "../lib/dom.js";

const KEY = "funasr.recognition-settings";

/** The settings beside the drop zone; the browser remembers the last ones. */
export class RecognitionSettings {
  #root;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#restore();
    root.addEventListener("input", () => this.#remember());
  }

  get values() {
    return {
      language: find(this.#root, '[name="language"]:checked', HTMLInputElement).value,
      hotwords: this.#hotwords.value,
      itn: this.#itn.checked,
    };
  }

  // Internal

  get #hotwords() {
    return find(this.#root, '[name="hotwords"]', HTMLTextAreaElement);
  }

  get #itn() {
    return find(this.#root, '[name="itn"]', HTMLInputElement);
  }

  #remember() {
    localStorage.setItem(KEY, JSON.stringify(this.values));
  }

  #restore() {
    const stored = read();
    const choice = this.#root.querySelector(`[name="language"][value="${CSS.escape(String(stored.language))}"]`);
    if (choice instanceof HTMLInputElement) choice.checked = true;
    if (typeof stored.hotwords === "string") this.#hotwords.value = stored.hotwords;
    if (typeof stored.itn === "boolean") this.#itn.checked = stored.itn;
  }
}

/** @returns {Record<string, unknown>} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}
