/** @import { EditedText, Row } from "../../editing/edited-text.js" */
/** @import { WordStore } from "../../editing/word-store.js" */
/** @import { View } from "./segment-row.js" */
import { placeAt, rowAt } from "../../editing/rows-at.js";
import { create } from "../../lib/dom.js";
import { renderWords, fillRow, newRow, showBoth, showChanges } from "./segment-row.js";

const NEAR = "600px"; // chunks so close to the window have their words ready
const CHUNK = 25; // rows that the browser lays out, draws and watches together: each of thousands alone is slow

/** The text by paragraphs, in chunks. Only those near the window are made of words: a day has a hundred thousand. */
export class SegmentList {
  #list;
  #text;
  #words;
  #threshold = 0;
  /** @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {Set<HTMLElement>} chunks */
  #near = new Set();
  /** @type {() => void} */
  #moved = () => undefined;
  #observer = new IntersectionObserver((entries) => this.#onMove(entries), { rootMargin: NEAR });

  /** @param {HTMLElement} list @param {EditedText} text @param {WordStore} words */
  constructor(list, text, words) {
    this.#list = list;
    this.#text = text;
    this.#words = words;
    const written = /** @type {HTMLElement[]} */ ([...list.children]);
    for (const element of written) this.#elements.set(element.dataset.key ?? "", element);
    list.replaceChildren();
    for (const element of written) this.#append(element);
    text.onChange(() => this.#show());
  }

  /** @returns {View} */
  get view() {
    return /** @type {View} */ (this.#list.dataset.view);
  }

  set view(view) {
    this.#list.dataset.view = view;
    this.#renderAgain();
  }

  /** Words with a smaller probability are marked. @param {number} threshold 0 to 1 */
  set threshold(threshold) {
    this.#threshold = threshold;
    this.#renderAgain();
  }

  get element() {
    return this.#list;
  }

  /** The text as it is shown now, a line per paragraph. */
  get wording() {
    const name = this.view === "raw" ? "text_raw" : "text";
    return this.#text.rows
      .map((row) => row[name])
      .filter(Boolean)
      .join("\n");
  }

  /** @param {string} key */
  elementOf(key) {
    return this.#elements.get(key);
  }

  /** Whether a row is in the window or close to it. @param {string} key */
  isNear(key) {
    const element = this.#elements.get(key);
    return element?.parentElement != null && this.#near.has(element.parentElement);
  }

  /** @param {() => void} moved called when other rows are near */
  onMove(moved) {
    this.#moved = moved;
  }

  /** @param {EventTarget | null} target @returns {Row | undefined} */
  rowOf(target) {
    const element = target instanceof Element ? target.closest(".segment") : null;
    return element instanceof HTMLElement ? this.#rows.get(element.dataset.key ?? "") : undefined;
  }

  /** Return the row that is spoken at `seconds`. @param {number} seconds */
  rowAt(seconds) {
    return rowAt(this.#text.rows, seconds);
  }

  /** Return the place of the first row that ends after `seconds`. @param {number} seconds */
  placeAt(seconds) {
    return placeAt(this.#text.rows, seconds);
  }

  // Internal

  /** @param {HTMLElement} element */
  #append(element) {
    const last = this.#list.lastElementChild;
    const chunk = last && last.childElementCount < CHUNK ? last : this.#newChunk();
    chunk.append(element);
  }

  #newChunk() {
    const chunk = create("div", { className: "segment-chunk", role: "presentation" }); // the whole text is one list
    this.#list.append(chunk);
    this.#observer.observe(chunk);
    return chunk;
  }

  #show() {
    const { rows } = this.#text;
    const before = this.#rows;
    this.#rows = new Map(rows.map((row) => [row.key, row]));
    let place = this.#list.firstElementChild?.firstElementChild ?? null;
    for (const row of rows) {
      const element = this.#elements.get(row.key) ?? this.#made(row);
      if (element === place) place = after(place);
      else if (place) place.before(element);
      else this.#append(element);
      if (!isSame(before.get(row.key), row)) fillRow(element, row);
    }
    while (place) {
      const next = after(place);
      this.#remove(/** @type {HTMLElement} */ (place));
      place = next;
    }
    for (const element of this.#nearRows()) this.#renderWords(element);
  }

  *#nearRows() {
    for (const chunk of this.#near) yield* /** @type {HTMLElement[]} */ ([...chunk.children]);
  }

  /** @param {Row} row */
  #made(row) {
    const element = newRow(row);
    this.#elements.set(row.key, element);
    return element;
  }

  /** @param {HTMLElement} element */
  #remove(element) {
    const chunk = element.parentElement;
    this.#elements.delete(element.dataset.key ?? "");
    element.remove();
    if (!chunk || chunk.childElementCount) return;
    this.#near.delete(chunk);
    this.#observer.unobserve(chunk);
    chunk.remove();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #onMove(entries) {
    for (const { target, isIntersecting } of entries) {
      const chunk = /** @type {HTMLElement} */ (target);
      const rows = /** @type {HTMLElement[]} */ ([...chunk.children]);
      if (isIntersecting) {
        this.#near.add(chunk);
        for (const row of rows) this.#renderWords(row);
      } else if (this.#near.delete(chunk)) for (const row of rows) this.#renderPlain(row);
    }
    this.#moved();
  }

  /** @param {HTMLElement} element */
  #renderWords(element) {
    const row = this.#rows.get(element.dataset.key ?? "");
    if (!row || row.state === "pending") return;
    if (this.view === "changes" && row.isEdited)
      return showChanges(
        element,
        row,
        this.#text.rows.filter(({ first, isEdited }) => isEdited && first === row.first),
      );
    if (this.view === "both") return showBoth(element, row);
    const paragraph = element.querySelector(this.view === "raw" ? ".segment__raw" : ".segment__text");
    if (!(paragraph instanceof HTMLElement) || paragraph.firstElementChild) return;
    if (!row.words) return void this.#words.load(row);
    if (this.view === "raw") renderWords(paragraph, row.text_raw, row.words, ({ raw, text }) => raw || text, 0);
    else renderWords(paragraph, row.text, row.words, ({ text }) => text, row.isEdited ? 0 : this.#threshold); // a person has read it
  }

  #renderAgain() {
    for (const element of this.#nearRows()) this.#renderPlain(element);
    for (const element of this.#nearRows()) this.#renderWords(element);
  }

  /** @param {HTMLElement} element */
  #renderPlain(element) {
    element.querySelector(".segment__original")?.remove();
    for (const paragraph of element.querySelectorAll(".segment__text, .segment__raw")) {
      if (paragraph.firstElementChild) paragraph.textContent = paragraph.textContent;
    }
  }
}

/** Return the row that follows, also in the next chunk. @param {Element} element */
function after(element) {
  return element.nextElementSibling ?? element.parentElement?.nextElementSibling?.firstElementChild ?? null;
}

const SHOWN = /** @type {const} */ ([
  "text",
  "text_raw",
  "start",
  "end",
  "state",
  "first",
  "channel",
  "sounds",
  "isEdited",
]);

/** Whether a row looks as it did before; there are thousands, and one of them changes. @param {Row | undefined} before @param {Row} now */
function isSame(before, now) {
  return before !== undefined && SHOWN.every((name) => before[name] === now[name]);
}
