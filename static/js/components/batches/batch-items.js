/** @import { BatchItem } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { listItems } from "../../api/batches.js";
import { create, find, onAction } from "../../lib/dom.js";
import { coalesced } from "../../lib/coalesce.js";
import { fillItemRow, keyOf, newItemRow } from "./batch-item-row.js";
import { fillProblem } from "../common/problem-box.js";

const CHUNK = 50; // rows that come and go together: two or three chunks fill the tallest screen
const AHEAD = "800px 0px"; // a chunk is filled before it is scrolled into view

/** The recordings of one batch. However many they are, only the chunks near the window have rows. */
export class BatchItems {
  #root;
  #list;
  #batch;
  #filled;
  #state = "";
  /** @type {Map<Element, number>} chunks with rows, and their first item */
  #mounted = new Map();
  #observer = new IntersectionObserver((entries) => this.#onSight(entries), { rootMargin: AHEAD });
  /** Ask again for what is shown, a moment after the last time at the earliest. */
  refresh = coalesced(() => this.#loadMounted());

  /**
   * @param {HTMLElement} root
   * @param {string} batch
   * @param {(action: string, row: HTMLElement) => void} act
   * @param {(row: HTMLElement, item: BatchItem) => void} filled called with each row that was filled
   */
  constructor(root, batch, act, filled) {
    this.#root = root;
    this.#list = find(root, "[data-items]", HTMLElement);
    this.#batch = batch;
    this.#filled = filled;
    onAction(root, (action, button) => {
      const row = button.closest("[data-position]");
      if (row instanceof HTMLElement) act(action, row);
      if (action === "reload") this.refresh();
    });
  }

  /** Show only items of this state; none shows all. @param {string} state @param {number} total */
  filter(state, total) {
    this.#state = state;
    for (const chunk of [...this.#list.children]) this.#drop(chunk);
    this.resize(total);
    this.refresh();
  }

  /** @param {number} total how many items there are to show */
  resize(total) {
    const chunkCount = Math.ceil(total / CHUNK);
    while (this.#list.childElementCount > chunkCount) this.#drop(/** @type {Element} */ (this.#list.lastElementChild));
    while (this.#list.childElementCount < chunkCount) this.#append();
    this.#list.setAttribute("aria-busy", "false");
    this.#root.dataset.state = total ? "filled" : "empty";
    const last = this.#list.lastElementChild;
    if (last instanceof HTMLElement) last.style.setProperty("--rows", String(total - (chunkCount - 1) * CHUNK));
  }

  // Internal

  #append() {
    const chunk = create("div", { className: "batch-chunk", role: "presentation" }); // the whole list is one list
    chunk.style.setProperty("--rows", String(CHUNK));
    this.#list.append(chunk);
    this.#observer.observe(chunk);
  }

  /** @param {Element} chunk */
  #drop(chunk) {
    this.#observer.unobserve(chunk);
    this.#mounted.delete(chunk);
    chunk.remove();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #onSight(entries) {
    const chunks = [...this.#list.children];
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      if (isIntersecting && !this.#mounted.has(target)) {
        this.#mounted.set(target, chunks.indexOf(target) * CHUNK);
        void this.#load(target).catch(() => undefined); // the stream of events tells of a lost connection
      } else if (!isIntersecting && this.#mounted.has(target) && target instanceof HTMLElement) {
        if (target.contains(document.activeElement)) continue; // a person works here
        this.#mounted.delete(target);
        target.style.minBlockSize = `${boundingClientRect.height}px`; // so that nothing jumps
        target.replaceChildren();
      }
    }
  }

  async #loadMounted() {
    try {
      for (const chunk of [...this.#mounted.keys()]) await this.#load(chunk);
    } catch (error) {
      fillProblem(this.#root, problemOf(error));
      if (!this.#list.querySelector("[data-position]")) this.#root.dataset.state = "failed";
      throw error;
    }
  }

  /** @param {Element} chunk */
  async #load(chunk) {
    const offset = this.#mounted.get(chunk);
    const state = this.#state;
    if (offset === undefined) return;
    const { items, total } = await listItems(this.#batch, { offset, limit: CHUNK, state });
    if (this.#state !== state || !this.#mounted.has(chunk)) return;
    const rows = fillChunk(/** @type {HTMLElement} */ (chunk), items, offset, total);
    for (const [index, row] of rows.entries()) this.#filled(row, items[index]);
  }
}

/**
 * Give the chunk these rows; a row that was there is moved and changed, not made anew, and keeps the focus.
 *
 * @param {HTMLElement} chunk
 * @param {BatchItem[]} items
 * @param {number} offset
 * @param {number} total
 */
function fillChunk(chunk, items, offset, total) {
  const known = new Map([...chunk.children].map((row) => [/** @type {HTMLElement} */ (row).dataset.key, row]));
  const focused = document.activeElement;
  const rows = items.map((item, index) => {
    const key = keyOf(item);
    const row = /** @type {HTMLElement} */ (known.get(key) ?? newItemRow());
    row.dataset.key = key;
    row.setAttribute("aria-posinset", String(offset + index + 1));
    fillItemRow(row, item, total);
    return row;
  });
  chunk.style.minBlockSize = "";
  if (rows.length !== chunk.childElementCount || rows.some((row, index) => chunk.children[index] !== row)) {
    chunk.replaceChildren(...rows);
    if (focused instanceof HTMLElement && focused !== document.activeElement && chunk.contains(focused))
      focused.focus();
  }
  chunk.dataset.filled = "";
  return rows;
}
