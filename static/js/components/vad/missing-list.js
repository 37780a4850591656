/** @import { Missing, MissingRule, MissingInterval } from "../../api/types.js" */
import { buttonOf, copyOf, field, find, onAction } from "../../lib/dom.js";
import { moveFocus } from "../../lib/row-focus.js";
import { preciseClock, secondsAndMs } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

/** Lists the intervals without text, with the rule that left each out; rules can be switched off. */
export class MissingList {
  #root;
  #load;
  #rules;
  #items;
  /** @type {Set<string>} */
  #hidden = new Set();
  /** @type {Record<string, string>} */
  #titles = {};
  #shown = 0;

  /**
   * @param {HTMLElement} root
   * @param {(parameters: {rules: string[], offset: number}) => Promise<Missing>} load
   * @param {(start: number, end: number) => void} play
   */
  constructor(root, load, play) {
    this.#root = root;
    this.#load = load;
    this.#rules = find(root, "[data-rules]", HTMLElement);
    this.#items = find(root, "[data-missing-items]", HTMLElement);
    this.#rules.addEventListener(
      "change",
      ({ target }) => target instanceof HTMLInputElement && void this.#onSwitch(target),
    );
    this.#items.addEventListener("keydown", (event) => moveFocus(this.#items, event));
    onAction(root, (action, button) => {
      if (action === "more-missing") void this.#more();
      const row = button.closest("[data-start]");
      if (action === "play-missing" && row instanceof HTMLElement)
        play(Number(row.dataset.start), Number(row.dataset.end));
    });
  }

  /** Show what was found, from its beginning; where rules are switched off, ask for the others. @param {Missing} missing */
  async show(missing) {
    this.#titles = Object.fromEntries(missing.rules.map(({ rule, title }) => [rule, title]));
    this.#rules.replaceChildren(...missing.rules.map((rule) => this.#ruleRow(rule)));
    const isFiltered = missing.rules.some(({ rule }) => this.#hidden.has(rule));
    this.#fill(isFiltered ? await this.#load(this.#parameters(0)) : missing, true);
  }

  // Internal

  /** @param {number} offset */
  #parameters(offset) {
    return { rules: Object.keys(this.#titles).filter((rule) => !this.#hidden.has(rule)), offset };
  }

  /** @param {HTMLInputElement} box */
  async #onSwitch(box) {
    if (box.checked) this.#hidden.delete(box.value);
    else this.#hidden.add(box.value);
    const parameters = this.#parameters(0);
    const nothing = { state: /** @type {const} */ ("ready"), total: 0, offset: 0, rules: [], items: [] };
    this.#fill(parameters.rules.length ? await this.#load(parameters) : nothing, true);
  }

  async #more() {
    this.#fill(await this.#load(this.#parameters(this.#shown)), false);
  }

  /** @param {Missing} missing @param {boolean} isAnew */
  #fill(missing, isAnew) {
    const rows = missing.items.map((item) => this.#row(item));
    if (isAnew) this.#items.replaceChildren(...rows);
    else this.#items.append(...rows);
    this.#shown = (isAnew ? 0 : this.#shown) + rows.length;
    buttonOf(this.#root, "more-missing").hidden = this.#shown >= missing.total;
    field(this.#root, "missing-none").hidden = Object.keys(this.#titles).length > 0;
  }

  /** @param {MissingRule} rule */
  #ruleRow({ rule, title, advice, count, seconds }) {
    const row = copyOf("missing-rule-template");
    const box = find(row, "input", HTMLInputElement);
    box.value = rule;
    box.checked = !this.#hidden.has(rule);
    field(row, "title").textContent = title;
    field(row, "facts").textContent = t("{count} × · {seconds} s", {
      count,
      seconds: seconds.toFixed(1),
    });
    field(row, "advice").textContent = advice;
    return row;
  }

  /** @param {MissingInterval} item */
  #row({ start, end, duration, rule, error }) {
    const row = copyOf("missing-template");
    row.dataset.start = String(start);
    row.dataset.end = String(end);
    row.dataset.rule = rule;
    field(row, "times").textContent = `${preciseClock(start)} – ${preciseClock(end)}`;
    field(row, "length").textContent = secondsAndMs(duration);
    field(row, "rule").textContent = error ? `${this.#titles[rule]}: ${error.message}` : this.#titles[rule];
    find(row, "button", HTMLElement).setAttribute(
      "aria-label",
      t("Play from {start} to {end}", { start: preciseClock(start), end: preciseClock(end) }),
    );
    return row;
  }
}
