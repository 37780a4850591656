/** @import { VadOptions } from "../../api/types.js" */
import { find } from "../../lib/dom.js";
import { readJson } from "../../lib/storage.js";

/** The controls of speech detection that a form has; the last values are remembered by the browser. */
export class VadOptionsForm {
  #form;
  #changed;
  #memory;
  /** @type {(keyof VadOptions)[]} */
  #lengths;

  /**
   * @param {HTMLFormElement} form
   * @param {() => void} changed
   * @param {string} [memory] where the last values are remembered
   */
  constructor(form, changed, memory = "vad-options") {
    this.#form = form;
    this.#changed = changed;
    this.#memory = memory;
    const ranges = [...form.querySelectorAll("[data-range]")];
    this.#lengths = ranges.map(
      (range) => /** @type {keyof VadOptions} */ (range instanceof HTMLElement && range.dataset.range),
    );
    this.#recall();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => target instanceof HTMLInputElement && this.#onInput(target));
    form.addEventListener("change", () => this.#normalize());
    form.addEventListener("reset", () => setTimeout(() => this.#onReset()));
  }

  /** @returns {VadOptions} those that the form has no control for are missing */
  get values() {
    const data = this.#data;
    const chosen = Object.fromEntries(
      ["mode", "frame_ms"].filter((name) => data.has(name)).map((name) => [name, Number(data.get(name))]),
    );
    const lengths = Object.fromEntries(this.#lengths.map((name) => [name, this.#bounded(name)]));
    if (lengths.speech_pad_ms)
      lengths.speech_pad_ms = Math.min(lengths.speech_pad_ms, Math.floor(lengths.max_segment_ms / 4));
    return /** @type {VadOptions} */ ({ detector: data.get("detector"), ...chosen, ...lengths });
  }

  // Internal

  get #data() {
    return new FormData(this.#form);
  }

  /** @param {string} name */
  #number(name) {
    return find(this.#form, `input[name="${name}"]`, HTMLInputElement);
  }

  /** A value within its bounds, while somebody still types. @param {string} name */
  #bounded(name) {
    const { min, max, step, valueAsNumber } = this.#number(name);
    const value = Math.min(
      Math.max(Number.isFinite(valueAsNumber) ? valueAsNumber : Number(min), Number(min)),
      Number(max),
    );
    return Number(value.toFixed(step ? 2 : 0));
  }

  /** @param {HTMLInputElement} input */
  #onInput(input) {
    const { range } = input.dataset;
    if (range) this.#number(range).value = input.value;
    this.#showRanges();
    this.#notify();
  }

  /** Write what is really used: bounds, and padding that fits the longest segment. */
  #normalize() {
    const values = this.values;
    for (const name of this.#lengths) this.#number(name).value = String(values[name]);
    this.#showRanges();
  }

  #onReset() {
    this.#showRanges();
    this.#notify();
  }

  #notify() {
    localStorage.setItem(this.#memory, JSON.stringify(this.values));
    this.#changed();
  }

  #showRanges() {
    const values = this.values;
    for (const name of this.#lengths)
      find(this.#form, `[data-range="${name}"]`, HTMLInputElement).value = String(values[name]);
  }

  #recall() {
    /** @type {Record<string, number | string>} */
    const stored = readJson(localStorage, this.#memory) ?? {};
    for (const [name, value] of Object.entries(stored)) {
      const choice = this.#form.querySelector(`input[type="radio"][name="${name}"][value="${value}"]`);
      if (choice instanceof HTMLInputElement) choice.checked = true;
      else if (this.#lengths.includes(/** @type {keyof VadOptions} */ (name))) this.#number(name).value = String(value);
    }
    this.#showRanges();
  }
}
