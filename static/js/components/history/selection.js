import { find } from "../../lib/dom.js";
import { isDialogOpen } from "../../lib/keys.js";
import { t } from "../../lib/messages.js";

/**
 * The rows that are ticked, also those of other pages: the results may be replaced, the choice stays.
 * Shift takes all between two rows; the arrow keys go from row to row.
 */
export class Selection {
  #root;
  #changed;
  /** @type {Set<string>} */
  #ids = new Set();
  #last = "";

  /** @param {HTMLElement} root @param {() => void} changed */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
    root.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get ids() {
    return [...this.#ids];
  }

  /** Tick what is chosen, in rows that may be new. */
  sync() {
    for (const box of this.#boxes) {
      box.checked = this.#ids.has(idOf(box));
      box.ariaLabel = t("Select {name}", { name: nameOf(box) });
    }
    this.#show();
  }

  /** What was deleted is no longer chosen. @param {string} id */
  forget(id) {
    if (this.#ids.delete(id)) this.#show();
  }

  clear() {
    this.#ids.clear();
    this.sync();
  }

  // Internal

  get #boxes() {
    return /** @type {HTMLInputElement[]} */ ([...this.#root.querySelectorAll("[data-select]")]);
  }

  /** @param {MouseEvent} event */
  #onClick({ target, shiftKey }) {
    if (!(target instanceof HTMLInputElement)) return;
    if ("selectAll" in target.dataset) this.#choose(this.#boxes, target.checked);
    if (!("select" in target.dataset)) return;
    this.#choose(shiftKey ? this.#upTo(target) : [target], target.checked);
    this.#last = idOf(target);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { key, target } = event;
    if (isDialogOpen() || event.defaultPrevented) return;
    if (key === "Escape" && this.#ids.size && !document.querySelector("details[data-menu][open]")) this.clear();
    const boxes = this.#boxes;
    const index = target instanceof HTMLInputElement ? boxes.indexOf(target) : -1;
    if (index < 0) return;
    if (key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#choose(boxes, true);
    }
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      this.#go(boxes, index, key === "ArrowDown" ? 1 : -1, event.shiftKey);
    }
  }

  /** @param {HTMLInputElement[]} boxes @param {number} index @param {number} step @param {boolean} takes */
  #go(boxes, index, step, takes) {
    const next = boxes[index + step];
    if (!next) return;
    next.focus();
    if (takes) this.#choose([boxes[index], next], true);
  }

  /** @param {HTMLInputElement} box */
  #upTo(box) {
    const boxes = this.#boxes;
    const here = boxes.indexOf(box);
    const last = boxes.findIndex((other) => idOf(other) === this.#last);
    return last < 0 ? [box] : boxes.slice(Math.min(here, last), Math.max(here, last) + 1);
  }

  /** @param {HTMLInputElement[]} boxes @param {boolean} isChosen */
  #choose(boxes, isChosen) {
    for (const box of boxes) {
      box.checked = isChosen;
      if (isChosen) this.#ids.add(idOf(box));
      else this.#ids.delete(idOf(box));
    }
    this.#show();
  }

  #show() {
    const boxes = this.#boxes;
    const ticked = boxes.filter((box) => box.checked).length;
    const all = find(this.#root, "[data-select-all]", HTMLInputElement);
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    for (const box of boxes) box.closest("[data-job]")?.classList.toggle("result-row--selected", box.checked);
    this.#changed();
  }
}

/** @param {HTMLElement} element */
function idOf(element) {
  return element.closest("[data-job]")?.getAttribute("data-job") ?? "";
}

/** @param {HTMLElement} element */
function nameOf(element) {
  return element.closest("[data-job]")?.querySelector('[data-field="name"]')?.textContent ?? "";
}
