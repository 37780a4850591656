/** @import { Transcription } from "../../api/types.js" */
import { api } from "../../lib/address.js";
import { cancelTranscription, deleteTranscription, problemOf, retryTranscription } from "../../api/client.js";
import { field, find, onAction } from "../../lib/dom.js";
import { listen } from "../../api/events.js";
import { restoreOne } from "../../api/history.js";
import { t } from "../../lib/messages.js";
import { isOpen } from "../../lib/wording.js";
import { fillJobRow, newJobRow } from "./job-row.js";
import { connectionBack, connectionLost, offerUndo } from "../common/notices.js";
import { showError } from "../common/problem-box.js";

const OF_MANY = new Set(["batch", "folder", "compare"]);

/** The rows of a page, kept as the server has them. */
export class JobList {
  #root;
  #shown;
  #changed;

  /**
   * @param {HTMLElement} root element that holds the list now; what it holds may be replaced later
   * @param {(row: HTMLElement, job: Transcription) => void} [shown] called whenever a row shows a newer state
   * @param {(gone: string | null) => void} [changed] called when a row has gone, with its id, or has come back
   */
  constructor(root, shown = () => undefined, changed = () => undefined) {
    this.#root = root;
    this.#shown = shown;
    this.#changed = changed;
    onAction(root, (action, button) => this.#act(action, button));
    this.#followServer();
  }

  /** Show `job`: in its row, or in a new one where the list takes new jobs. @param {Transcription} job @returns {HTMLElement | null} the row */
  show(job) {
    const row = this.#rowOf(job.id) ?? (this.#takesNew ? this.#newRow(job) : null);
    if (row) {
      fillJobRow(row, job);
      this.#shown(row, job);
    }
    this.#markEmpty();
    return row;
  }

  // Internal

  get #list() {
    return find(this.#root, "[data-jobs]", HTMLElement);
  }

  get #takesNew() {
    return this.#list.hasAttribute("data-prepend");
  }

  /** @param {Transcription} job */
  #newRow(job) {
    const row = newJobRow(job);
    this.#list.prepend(row);
    return row;
  }

  /** @param {string} id */
  #rowOf(id) {
    const row = this.#list.querySelector(`[data-job="${CSS.escape(id)}"]`);
    return row instanceof HTMLElement ? row : null;
  }

  #followServer() {
    listen(
      api("/transcriptions/events"),
      { opened: connectionBack, lost: connectionLost },
      {
        transcription: (job) => this.#onEvent(job),
        deleted: ({ id }) => this.#remove(id),
      },
    );
  }

  /** The stream begins with the newest as they are now: only what came after this page's rows gets a new one. @param {Transcription} job */
  #onEvent(job) {
    const newest = this.#list.querySelector("time")?.dateTime ?? "";
    const isOfMany = OF_MANY.has(job.source); // they have a page of theirs
    if (this.#rowOf(job.id) || (!isOfMany && (isOpen(job) || job.created_at > newest))) this.show(job);
  }

  /** @param {string} id */
  #remove(id) {
    const row = this.#rowOf(id);
    row?.remove();
    this.#markEmpty();
    if (row) this.#changed(id);
  }

  #markEmpty() {
    find(this.#root, "[data-empty]", HTMLElement).hidden = this.#list.childElementCount > 0;
  }

  /**
   * @param {string} action
   * @param {HTMLElement} button
   */
  async #act(action, button) {
    const row = button.closest("[data-job]");
    if (!(row instanceof HTMLElement)) return;
    const id = row.dataset.job ?? "";
    showError(row, null);
    try {
      if (action === "cancel") this.show(await cancelTranscription(id));
      if (action === "retry") this.show(await retryTranscription(id));
      if (action === "delete") await this.#delete(row, id);
    } catch (error) {
      showError(row, problemOf(error));
    }
  }

  /** Take a row away, and back to its place if the person wants so. @param {HTMLElement} row @param {string} id */
  async #delete(row, id) {
    const place = document.createComment("");
    row.after(place);
    await deleteTranscription(id);
    this.#remove(id);
    offerUndo(t("Moved to the trash: {name}", { name: field(row, "name").textContent ?? "" }), async () => {
      const job = await restoreOne(id);
      if (!this.#rowOf(id)) place.replaceWith(row);
      this.show(job);
      this.#changed(null);
    });
  }
}
