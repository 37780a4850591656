/** @import { Change } from "../api/types.js" */
import { readJson } from "../lib/storage.js";

/**
 * Changes that the server does not have yet, kept by the browser across a reload or a crash.
 *
 * @typedef {{at: number, changes: Change[], base: Change[]}} Draft  `base` is what stood there for the person who wrote
 */

const PREFIX = "funasr.edits.";
const ALIVE_MS = 150_000; // a page that is open writes its draft anew more often, even in the background

/** The drafts of one transcription: each open page has its own, and takes over those of pages that are gone. */
export class EditDrafts {
  #prefix;
  #own;

  /** @param {string} id of the transcription */
  constructor(id) {
    this.#prefix = `${PREFIX}${id}.`;
    this.#own = this.#prefix + Math.random().toString(36).slice(2);
  }

  /** Return what was left by pages that are gone; it is this page's from now on. @returns {Draft[]} */
  adopt() {
    return this.#others().flatMap((key) => {
      const draft = read(key);
      if (draft && Date.now() - draft.at < ALIVE_MS) return [];
      localStorage.removeItem(key);
      return draft ? [draft] : [];
    });
  }

  /** @param {Change[]} changes @param {Change[]} base */
  keep(changes, base) {
    this.#write({ at: Date.now(), changes, base });
  }

  drop() {
    localStorage.removeItem(this.#own);
  }

  /** Let the next page have the draft at once. */
  release() {
    const draft = read(this.#own);
    if (draft) this.#write({ ...draft, at: 0 });
  }

  // Internal

  /** @param {Draft} draft */
  #write(draft) {
    try {
      localStorage.setItem(this.#own, JSON.stringify(draft));
    } catch {
      localStorage.removeItem(this.#own); // no room: the state beside the text says that it is not saved
    }
  }

  #others() {
    return Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix) && key !== this.#own);
  }
}

/** @param {string} key @returns {Draft | null} */
const read = (key) => readJson(localStorage, key);
