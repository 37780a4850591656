/** @import { Batch } from "../../api/types.js" */
import { field } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

/** Says what came of trying the failed again, once nothing is left to be read. */
export class BatchOutcome {
  #line;
  #tried = 0;
  #unreadBefore = 0;

  /** @param {HTMLElement} head */
  constructor(head) {
    this.#line = field(head, "outcome");
  }

  /** @param {number} tried how many are read again @param {Batch} batch as it is then */
  begin(tried, batch) {
    this.#tried = tried;
    this.#unreadBefore = unreadOf(batch);
    this.#write(t("Trying again: {count}", { count: tried }));
  }

  /** @param {Batch} batch */
  show(batch) {
    if (!this.#tried || batch.counts.queued + batch.counts.running > 0) return;
    const failed = Math.min(this.#tried, Math.max(0, unreadOf(batch) - this.#unreadBefore));
    this.#write(
      t("Tried again: {tried} · done now: {done} · without a text again: {failed}", {
        tried: this.#tried,
        done: this.#tried - failed,
        failed,
      }),
    );
    this.#tried = 0;
  }

  /** @param {string} text */
  #write(text) {
    this.#line.textContent = text;
    this.#line.hidden = false;
  }
}

/** How many recordings ended without a text. @param {Batch} batch */
export function unreadOf({ counts }) {
  return counts.failed + counts.cancelled;
}
