/** @import { Batch } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { problemOf } from "../../api/client.js";
import { badgeOf, batchLine, batchPercent, batchStateName } from "../../lib/batch-wording.js";
import { listBatches } from "../../api/batches.js";
import { copyOf, field, find, onAction, write } from "../../lib/dom.js";
import { coalesced } from "../../lib/coalesce.js";
import { showMoment } from "../../lib/moment.js";
import { fillProblem } from "../common/problem-box.js";

/** The batches that there are, the newest first. */
export class BatchList {
  #root;
  /** Ask again, a moment after the last time at the earliest. */
  refresh = coalesced(() => this.#load());

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    onAction(root, (action) => {
      if (action === "reload") this.refresh();
    });
  }

  /** @param {Batch} batch */
  show(batch) {
    const row = this.#rowOf(batch.id);
    if (row) fill(row, batch);
    else this.refresh();
  }

  // Internal

  get #list() {
    return find(this.#root, "[data-batches]", HTMLElement);
  }

  /** @param {string} id */
  #rowOf(id) {
    const row = this.#list.querySelector(`[data-batch-row="${CSS.escape(id)}"]`);
    return row instanceof HTMLElement ? row : null;
  }

  async #load() {
    try {
      const { items } = await listBatches();
      this.#list.replaceChildren(
        ...items.map((batch) => fill(this.#rowOf(batch.id) ?? copyOf("batch-template"), batch)),
      );
      this.#root.dataset.state = items.length ? "filled" : "empty";
    } catch (error) {
      fillProblem(this.#root, problemOf(error));
      if (this.#root.dataset.state !== "filled") this.#root.dataset.state = "failed";
    }
  }
}

/** @param {HTMLElement} row @param {Batch} batch */
function fill(row, batch) {
  row.dataset.batchRow = batch.id;
  row.dataset.state = batch.state;
  write(row, "name", batch.name);
  find(row, "a", HTMLAnchorElement).href = url(`/batch/${encodeURIComponent(batch.id)}`);
  write(row, "state", batchStateName(batch));
  field(row, "state").dataset.state = badgeOf(batch);
  write(row, "line", batchLine(batch));
  showMoment(find(row, "time", HTMLTimeElement), batch.created_at);
  find(row, "progress", HTMLProgressElement).value = batchPercent(batch);
  return row;
}
