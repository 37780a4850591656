/** @import { EditedText, Row } from "./edited-text.js" */
/** @import { Edit } from "../api/types.js" */
import { getEditsBetween, getSegmentsBetween } from "../api/edits.js";

const BLOCK = 50; // segments that are asked for together

/** Fetches the words of what is looked at: a recording of ten hours has a hundred thousand of them. */
export class WordStore {
  #id;
  #text;
  /** @type {Map<number, Promise<void>>} */
  #blocks = new Map();
  /** Edits that were asked for. @type {WeakSet<Edit>} */
  #asked = new WeakSet();

  /** @param {string} id @param {EditedText} text */
  constructor(id, text) {
    this.#id = id;
    this.#text = text;
  }

  /** Have the words of a row; those of an edit that is not saved yet come with the saving. @param {Row} row */
  async load(row) {
    const block = Math.floor(row.first / BLOCK);
    const edit = this.#text.edits.get(row.first);
    if (edit && !this.#asked.has(edit)) await this.#loadEdited(edit);
    if (!edit) await this.#once(block);
  }

  /** Ask anew for what is not there: more of the recording has been read. */
  reset() {
    this.#blocks.clear();
  }

  // Internal

  /** @param {Edit} edit */
  async #loadEdited(edit) {
    this.#asked.add(edit);
    try {
      const { edits } = await getEditsBetween(this.#id, edit.first, edit.last);
      const pieces = edits.find(({ first }) => first === edit.first)?.pieces ?? [];
      if (pieces.length !== edit.pieces.length) return;
      pieces.forEach(
        ({ text, words }, place) => edit.pieces[place].text === text && (edit.pieces[place].words = words),
      );
      this.#text.refresh();
    } catch {
      this.#asked.delete(edit);
    }
  }

  /** @param {number} block */
  async #loadBlock(block) {
    const { segments } = await getSegmentsBetween(this.#id, block * BLOCK, (block + 1) * BLOCK - 1);
    for (const { index, words } of segments) {
      const segment = this.#text.segments[index];
      if (segment) segment.words = words;
    }
  }

  /** @param {number} block */
  #once(block) {
    const loading =
      this.#blocks.get(block) ??
      this.#loadBlock(block).then(
        () => this.#text.refresh(),
        () => void this.#blocks.delete(block),
      );
    this.#blocks.set(block, loading);
    return loading;
  }
}
