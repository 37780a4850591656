/** @import { VadOptions } from "../../api/types.js" */
import { find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { readJson } from "../../lib/storage.js";
import { complaintAbout, mostPadding } from "./vad-numbers.js";

/** The controls of speech detection that a form has; the last values are remembered by the browser. */
export class VadOptionsForm {
  #form;
  #changed;
  #memory;
  /** @type {(keyof VadOptions)[]} */
  #lengths;
  /** @type {Record<string, number>} the last number of each field that can be used */
  #usable = {};
  /** @type {VadOptions} as the server has them */
  #stored;

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
    this.#readNumbers();
    this.#stored = this.values;
    this.#recall();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => target instanceof HTMLInputElement && this.#onInput(target));
    form.addEventListener("reset", () => setTimeout(() => this.#onReset()));
  }

  /** @returns {VadOptions} those that the form has no control for are missing */
  get values() {
    const data = this.#data;
    const chosen = Object.fromEntries(
      ["mode", "frame_ms"].filter((name) => data.has(name)).map((name) => [name, Number(data.get(name))]),
    );
    const lengths = { ...this.#usable };
    if (lengths.speech_pad_ms)
      lengths.speech_pad_ms = Math.min(lengths.speech_pad_ms, mostPadding(lengths.max_segment_ms));
    return /** @type {VadOptions} */ ({ detector: data.get("detector"), ...chosen, ...lengths });
  }

  /** @returns {Partial<VadOptions>} what differs from the server's settings */
  get changes() {
    const stored = new Map(Object.entries(this.#stored));
    return Object.fromEntries(Object.entries(this.values).filter(([name, value]) => stored.get(name) !== value));
  }

  /** Go to the first number that cannot be used. @returns {boolean} whether there is one */
  focusRefused() {
    const refused = this.#form.querySelector('input[aria-invalid="true"]');
    if (refused instanceof HTMLInputElement) refused.focus();
    return refused !== null;
  }

  /** From now on these are the server's settings, to which a reset goes back. */
  accept() {
    this.#stored = this.values;
    for (const control of this.#form.querySelectorAll("input")) {
      if (control.type === "radio") control.defaultChecked = control.checked;
      else control.defaultValue = control.value;
    }
  }

  // Internal

  get #data() {
    return new FormData(this.#form);
  }

  /** @param {string} name */
  #number(name) {
    return find(this.#form, `input[name="${name}"]`, HTMLInputElement);
  }

  /** Take the numbers that can be used, and say beside each other one why it cannot. @returns {boolean} whether all can */
  #readNumbers() {
    const complaints = this.#lengths.map((name) => {
      const { min, max, step, valueAsNumber } = this.#number(name);
      const complaint = complaintAbout(valueAsNumber, { low: Number(min), high: Number(max) });
      if (!complaint) this.#usable[name] = Number(valueAsNumber.toFixed(step ? 2 : 0));
      return complaint;
    });
    this.#lengths.forEach((name, place) => {
      this.#number(name).ariaInvalid = complaints[place] ? "true" : null;
      this.#tell(name, complaints[place] || this.#paddingNote(name));
    });
    return !complaints.some(Boolean);
  }

  /** Say so where the longest segment leaves room for less padding than was entered. @param {string} name */
  #paddingNote(name) {
    const most = mostPadding(this.#usable.max_segment_ms);
    if (name !== "speech_pad_ms" || this.#usable.speech_pad_ms <= most) return "";
    return t("{most} ms are used, a quarter of the longest segment.", { most });
  }

  /** @param {string} name @param {string} text */
  #tell(name, text) {
    const line = find(this.#form, `[data-complaint="${name}"]`, HTMLElement);
    line.textContent = text;
    line.hidden = !text;
  }

  /** @param {HTMLInputElement} input */
  #onInput(input) {
    const { range } = input.dataset;
    if (range) this.#number(range).value = input.value;
    if (this.#readNumbers()) this.#notify();
    this.#showRanges();
  }

  #onReset() {
    this.#readNumbers();
    this.#showRanges();
    this.#notify();
  }

  #notify() {
    localStorage.setItem(this.#memory, JSON.stringify(this.values));
    this.#changed();
  }

  #showRanges() {
    for (const name of this.#lengths)
      find(this.#form, `[data-range="${name}"]`, HTMLInputElement).value = String(this.#usable[name]);
  }

  #recall() {
    /** @type {Record<string, number | string>} */
    const stored = readJson(localStorage, this.#memory) ?? {};
    for (const [name, value] of Object.entries(stored)) {
      const choice = this.#form.querySelector(`input[type="radio"][name="${name}"][value="${value}"]`);
      if (choice instanceof HTMLInputElement) choice.checked = true;
      else if (this.#lengths.includes(/** @type {keyof VadOptions} */ (name))) this.#number(name).value = String(value);
    }
    this.#readNumbers();
    this.#showRanges();
  }
}
