/** @import { EditedText, Row } from "../../editing/edited-text.js" */
/** @import { SegmentList } from "./segment-list.js" */
import { buttonOf, find, onAction, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

const HIGHLIGHT = "found"; // its style is in segments.css

/** @typedef {{row: Row, index: number, length: number}} Match */

/** Finds a text everywhere in the transcript, shows each place, and replaces one or all; nothing is changed unasked. */
export class FindReplace {
  #bar;
  #list;
  #text;
  /** @type {Match[]} */
  #matches = [];
  #place = 0;
  #replaced = 0; // at once, while nothing else was found or done

  /** @param {HTMLElement} bar @param {SegmentList} list @param {EditedText} text */
  constructor(bar, list, text) {
    this.#bar = bar;
    this.#list = list;
    this.#text = text;
    bar.addEventListener("input", () => this.#search(true));
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.addEventListener("keydown", (event) => this.#onKey(event));
    onAction(bar, (action) => this.#act(action));
    list.onMove(() => this.#bar.hidden || this.#highlight());
    text.onChange(() => this.#bar.hidden || this.#search(false));
  }

  get #input() {
    return find(this.#bar, '[name="find"]', HTMLInputElement);
  }

  get #replacement() {
    return find(this.#bar, '[name="replacement"]', HTMLInputElement).value;
  }

  open() {
    const selected = String(getSelection()).trim();
    this.#setOpen(true);
    if (selected && !selected.includes("\n")) this.#input.value = selected;
    this.#input.focus();
    this.#input.select();
    this.#search(true);
  }

  close() {
    this.#setOpen(false);
    this.#matches = [];
    this.#replaced = 0;
    this.#highlight();
  }

  // Internal

  /** @param {boolean} isOpen */
  #setOpen(isOpen) {
    this.#bar.hidden = !isOpen;
    this.#bar.closest("[data-transcript]")?.toggleAttribute("data-finding", isOpen);
  }

  /** @param {string} action */
  #act(action) {
    if (action === "find-next") this.#go(1);
    if (action === "find-previous") this.#go(-1);
    if (action === "replace") this.#replace();
    if (action === "replace-all") this.#replaceAll();
    if (action === "undo-replacement") this.#undo();
    if (action === "find-close") this.close();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isField = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && isField) this.#go(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  }

  /** @param {boolean} isNew whether the first place is to be shown */
  #search(isNew) {
    const isCase = find(this.#bar, '[name="case"]', HTMLInputElement).checked;
    this.#matches = this.#input.value
      ? this.#text.rows.flatMap((row) => matchesIn(row, this.#input.value, isCase))
      : [];
    this.#place = isNew ? 0 : Math.min(this.#place, Math.max(0, this.#matches.length - 1));
    if (isNew || this.#matches.length) this.#replaced = 0;
    this.#showCount();
    if (isNew && this.#matches.length) this.#reveal();
  }

  /** @param {1 | -1} step */
  #go(step) {
    if (!this.#matches.length) return;
    this.#place = (this.#place + step + this.#matches.length) % this.#matches.length;
    this.#showCount();
    this.#reveal();
  }

  #replace() {
    const match = this.#matches[this.#place];
    if (!match) return;
    this.#text.writeAll([{ row: match.row, text: withReplaced(match.row.text, [match], this.#replacement) }]);
    this.#search(false);
    this.#reveal();
  }

  #replaceAll() {
    const count = this.#matches.length;
    if (!count) return;
    /** @type {Map<Row, Match[]>} */
    const byRow = new Map();
    for (const match of this.#matches) byRow.set(match.row, [...(byRow.get(match.row) ?? []), match]);
    this.#text.writeAll(
      [...byRow].map(([row, matches]) => ({ row, text: withReplaced(row.text, matches, this.#replacement) })),
    );
    this.#replaced = count;
    this.#showCount();
    this.#input.focus(); // the button that was pressed can do nothing more
  }

  #undo() {
    this.#text.undo();
    this.#input.focus();
  }

  #showCount() {
    const count = this.#matches.length;
    const pieces = new Set(this.#matches.map(({ row }) => row.key)).size;
    const places = t("{place} of {count} (paragraphs: {pieces})", { place: this.#place + 1, count, pieces });
    const line = this.#replaced ? t("Replaced: {count}", { count: this.#replaced }) : t("Nothing found");
    write(this.#bar, "found", !this.#input.value ? "" : count ? places : line);
    buttonOf(this.#bar, "undo-replacement").hidden = !this.#replaced;
    write(this.#bar, "replace-count", count ? String(count) : "");
    for (const button of this.#bar.querySelectorAll("[data-needs-match]")) {
      /** @type {HTMLButtonElement} */ (button).disabled = !count;
    }
    this.#highlight();
  }

  #reveal() {
    const match = this.#matches[this.#place];
    const element = match && this.#list.elementOf(match.row.key);
    element?.scrollIntoView({ block: "center" });
    requestAnimationFrame(() => this.#highlight());
  }

  /** Mark the places near the window by the browser's own highlights: no element of the text is touched. */
  #highlight() {
    if (!("highlights" in CSS)) return;
    const near = this.#matches.filter(({ row }) => this.#list.isNear(row.key));
    const ranges = near.flatMap(({ row, index, length }) =>
      rangeOf(this.#list.elementOf(row.key)?.querySelector(".segment__text"), index, length),
    );
    const current = this.#matches[this.#place];
    const here = current
      ? rangeOf(this.#list.elementOf(current.row.key)?.querySelector(".segment__text"), current.index, current.length)
      : [];
    CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
    CSS.highlights.set(`${HIGHLIGHT}-here`, new Highlight(...here));
  }
}

/** @param {Row} row @param {string} needle @param {boolean} isCase @returns {Match[]} */
function matchesIn(row, needle, isCase) {
  const pattern = new RegExp(needle.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), isCase ? "gu" : "giu");
  return [...row.text.matchAll(pattern)].map(({ index, 0: { length } }) => ({ row, index, length }));
}

/** @param {string} text @param {Match[]} matches in order @param {string} replacement */
function withReplaced(text, matches, replacement) {
  return matches.reduceRight(
    (done, { index, length }) => done.slice(0, index) + replacement + done.slice(index + length),
    text,
  );
}

/** @param {Element | null | undefined} element @param {number} index @param {number} length @returns {Range[]} */
function rangeOf(element, index, length) {
  if (!element) return [];
  const range = new Range();
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let [position, isBegun] = [0, false];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const end = position + (node.textContent?.length ?? 0);
    if (!isBegun && index < end) {
      range.setStart(node, index - position);
      isBegun = true;
    }
    if (isBegun && index + length <= end) {
      range.setEnd(node, index + length - position);
      return [range];
    }
    position = end;
  }
  return [];
}
