/** @import { VadOptions } from "../lib/vad-api.js" */
import { find } from "../lib/dom.js";

const MEMORY = "vad-options";
const LENGTHS = ["max_segment_ms", "min_speech_ms", "min_silence_ms", "speech_pad_ms"];

/** The controls of speech detection; the last values are remembered by the browser. */
export class SpeechOptions {
  #form;
  #changed;

  /** @param {HTMLFormElement} form @param {() => void} changed */
  constructor(form, changed) {
    this.#form = form;
    this.#changed = changed;
    this.#recall();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => target instanceof HTMLInputElement && this.#onInput(target));
    form.addEventListener("change", () => this.#settle());
    form.addEventListener("reset", () => setTimeout(() => this.#onReset()));
  }

  /** @returns {VadOptions} */
  get values() {
    const data = new FormData(this.#form);
    const number = (/** @type {string} */ name) => Number(data.get(name));
    const longest = this.#bounded("max_segment_ms");
    return {
      mode: number("mode"),
      frame_ms: number("frame_ms"),
      max_segment_ms: longest,
      min_speech_ms: this.#bounded("min_speech_ms"),
      min_silence_ms: this.#bounded("min_silence_ms"),
      speech_pad_ms: Math.min(this.#bounded("speech_pad_ms"), Math.floor(longest / 4)),
    };
  }

  // Internal

  /** @param {string} name */
  #number(name) {
    return find(this.#form, `input[name="${name}"]`, HTMLInputElement);
  }

  /** A value within its bounds, while somebody still types. @param {string} name */
  #bounded(name) {
    const { min, max, valueAsNumber } = this.#number(name);
    return Math.round(Math.min(Math.max(Number.isFinite(valueAsNumber) ? valueAsNumber : Number(min), Number(min)), Number(max)));
  }

  /** @param {HTMLInputElement} input */
  #onInput(input) {
    const { range } = input.dataset;
    if (range) this.#number(range).value = input.value;
    this.#showRanges();
    this.#tell();
  }

  /** Write what is really used: bounds, and padding that fits the longest segment. */
  #settle() {
    const values = this.values;
    for (const name of LENGTHS) this.#number(name).value = String(values[/** @type {keyof VadOptions} */ (name)]);
    this.#showRanges();
  }

  #onReset() {
    this.#showRanges();
    this.#tell();
  }

  #tell() {
    localStorage.setItem(MEMORY, JSON.stringify(this.values));
    this.#changed();
  }

  #showRanges() {
    const values = this.values;
    for (const name of LENGTHS) find(this.#form, `[data-range="${name}"]`, HTMLInputElement).value = String(values[/** @type {keyof VadOptions} */ (name)]);
  }

  #recall() {
    /** @type {Record<string, number>} */
    const stored = JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
    for (const [name, value] of Object.entries(stored)) {
      const choice = this.#form.querySelector(`input[type="radio"][name="${name}"][value="${value}"]`);
      if (choice instanceof HTMLInputElement) choice.checked = true;
      else if (LENGTHS.includes(name)) this.#number(name).value = String(value);
    }
    this.#showRanges();
  }
}
