/** @import { ChosenFile } from "../../uploads/dropped-files.js" */
/** @import { Batch } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { cancelTranscription, problemOf, Refusal, retryTranscription } from "../../api/client.js";
import { deleteBatch, exportAddress, getBatch, giveUpUpload, orderBatch, steerBatch } from "../../api/batches.js";
import { field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { coalesced } from "../../lib/coalesce.js";
import { fillBatchHead, fillFilter } from "./batch-head.js";
import { BatchItems } from "./batch-items.js";
import { confirmed } from "../common/confirm.js";
import { folderZone } from "./folder-zone.js";
import { showError, fillProblem } from "../common/problem-box.js";
import { notify } from "../common/notices.js";
import { UploadPanel } from "./upload-panel.js";

/** One batch: its head, what is being uploaded to it, and its recordings. */
export class BatchView {
  #root;
  #id;
  #items;
  #uploads;
  /** @type {Batch | null} */
  #batch = null;
  #total = 0;
  /** Ask the server how the batch is. */
  refresh = coalesced(() => this.#load());

  /** @param {HTMLElement} root @param {string} id @param {number} limitBytes */
  constructor(root, id, limitBytes) {
    this.#root = root;
    this.#id = id;
    this.#items = new BatchItems(find(root, "[data-items-root]", HTMLElement), id, (action, row) =>
      this.#actOnItem(action, row),
    );
    this.#uploads = new UploadPanel(find(root, "[data-uploads]", HTMLElement), id, limitBytes, () =>
      this.#showTotals(),
    );
    folderZone(find(root, "[data-zone]", HTMLElement), (files) => this.add(files));
    onAction(find(root, "[data-batch]", HTMLElement), (action) => void this.#act(action));
    for (const link of root.querySelectorAll("a[data-export]")) {
      link.setAttribute("href", exportAddress(id, link.getAttribute("data-export") ?? ""));
    }
    this.#filter.addEventListener("change", () => this.#items.filter(this.#state, this.#shown));
  }

  /** @param {ChosenFile[]} files */
  add(files) {
    this.#uploads.add(files);
  }

  /** @param {Batch} batch as the server tells it */
  show(batch) {
    const isFirst = this.#batch === null;
    this.#batch = batch;
    this.#root.dataset.state = "shown";
    document.title = `${batch.name} · ${document.title.split(" · ").at(-1)}`;
    fillFilter(this.#filter, batch);
    this.#showTotals();
    if (isFirst) this.#items.filter(this.#state, this.#shown);
    else this.#items.resize(this.#shown);
    this.#items.refresh();
  }

  // Internal

  get #filter() {
    return find(this.#root, "[data-filter]", HTMLElement);
  }

  /** The state that is filtered by; empty for all. */
  get #state() {
    return find(this.#filter, "input:checked", HTMLInputElement).value;
  }

  /** How many items the filter lets through. */
  get #shown() {
    const counts = this.#batch?.counts;
    return counts?.[/** @type {keyof typeof counts} */ (this.#state || "total")] ?? 0;
  }

  async #load() {
    try {
      this.show(await getBatch(this.#id));
    } catch (error) {
      if (this.#batch && !(error instanceof Refusal)) return; // a lost connection has its own notice
      this.#uploads.stop();
      fillProblem(slotOf(this.#root, "gone"), problemOf(error));
      this.#root.dataset.state = "gone";
    }
  }

  #showTotals() {
    if (!this.#batch) return;
    const total = this.#batch.counts.total + this.#uploads.unannounced;
    this.#total = this.#uploads.isActive ? Math.max(this.#total, total) : total; // an announced file is counted late
    fillBatchHead(find(this.#root, "[data-batch]", HTMLElement), this.#batch, this.#total);
    this.#showMissing();
  }

  /** Files that were announced and not sent whole, by this page or one that was closed. */
  #showMissing() {
    const missing = this.#uploads.isActive ? 0 : (this.#batch?.counts.uploading ?? 0);
    field(this.#root, "missing").hidden = missing === 0;
    write(
      this.#root,
      "missing-text",
      missing
        ? t(
            "Not uploaded completely: {count}. Choose the same files or the same folder again: what is on the server is skipped, and a file that was sent in part goes on where it stopped.",
            { count: missing },
          )
        : "",
    );
  }

  /** @param {string} action */
  async #act(action) {
    const head = find(this.#root, "[data-batch]", HTMLElement);
    showError(head, null);
    try {
      if (action === "pause" || action === "resume") this.show(await steerBatch(this.#id, action));
      if (action === "retry") await this.#retry();
      if (action === "cancel") await this.#cancel();
      if (action === "delete") await this.#delete();
    } catch (error) {
      showError(head, problemOf(error));
    }
  }

  async #retry() {
    const failed = unreadOf(this.#batch);
    this.show(await steerBatch(this.#id, "retry"));
    notify(t("Trying again: {count}", { count: failed - unreadOf(this.#batch) }));
  }

  async #cancel() {
    if (!(await confirmed("confirm-cancel"))) return;
    this.#uploads.stop();
    this.show(await steerBatch(this.#id, "cancel"));
  }

  async #delete() {
    if (!(await confirmed("confirm-delete-batch"))) return;
    this.#uploads.stop();
    await deleteBatch(this.#id);
    location.assign(url("/batch"));
  }

  /** @param {string} action @param {HTMLElement} row */
  async #actOnItem(action, row) {
    const { item = "", transcription = "", position = "" } = row.dataset;
    showError(row, null);
    try {
      if (action === "cancel") await cancelTranscription(transcription);
      if (action === "retry") await retryTranscription(transcription);
      if (action === "remove") await giveUpUpload(item);
      if (action === "top" || action === "up" || action === "down")
        this.show(await this.#move(Number(position), action));
      this.refresh();
    } catch (error) {
      showError(row, problemOf(error));
    }
  }

  /** @param {number} position @param {"top" | "up" | "down"} where */
  #move(position, where) {
    const before = { top: undefined, up: Math.max(0, position - 1), down: position + 2 }[where];
    return orderBatch(this.#id, { positions: [position], before });
  }
}

/** How many recordings ended without a text. @param {Batch | null} batch */
function unreadOf(batch) {
  return batch ? batch.counts.failed + batch.counts.cancelled : 0;
}
