/** @import { ChosenFile } from "../../uploads/dropped-files.js" */
/** @import { Batch, BatchItem } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { cancelTranscription, problemOf, Refusal, retryTranscription } from "../../api/client.js";
import {
  changeItems,
  deleteBatch,
  exportAddress,
  getBatch,
  giveUpUpload,
  listItems,
  orderBatch,
  steerBatch,
} from "../../api/batches.js";
import { buttonOf, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { coalesced } from "../../lib/coalesce.js";
import { fillBatchHead, fillFilter } from "./batch-head.js";
import { BatchItems } from "./batch-items.js";
import { BatchOutcome, unreadOf } from "./batch-outcome.js";
import { BatchSelection } from "./batch-selection.js";
import { confirmed } from "../common/confirm.js";
import { folderZone } from "./folder-zone.js";
import { showError, fillProblem } from "../common/problem-box.js";
import { notify } from "../common/notices.js";
import { UploadPanel } from "./upload-panel.js";

const MOST_AT_ONCE = 500; // the server lists and changes no more in one request
const NO_AUDIO = ["not_audio", "no_audio_stream", "empty_file"];

/** One batch: its head, what is being uploaded to it, and its recordings. */
export class BatchView {
  #root;
  #id;
  #items;
  #uploads;
  #selection;
  #outcome;
  /** Those that are no recordings. @type {string[]} */
  #noAudio = [];
  #failed = 0;
  /** @type {Batch | null} */
  #batch = null;
  #total = 0;
  /** Ask the server how the batch is. */
  refresh = coalesced(() => this.#load());

  /** @param {HTMLElement} root @param {string} id @param {number} limitBytes */
  constructor(root, id, limitBytes) {
    this.#root = root;
    this.#id = id;
    const items = find(root, "[data-items-root]", HTMLElement);
    this.#selection = new BatchSelection(
      find(root, "[data-items-toolbar]", HTMLElement),
      items,
      () => listAll(id, this.#state),
      (action, ids) => void this.#change(action, ids),
    );
    this.#items = new BatchItems(
      items,
      id,
      (action, row) => this.#actOnItem(action, row),
      (row, { name }) => this.#selection.mark(row, name),
    );
    this.#outcome = new BatchOutcome(find(root, "[data-batch]", HTMLElement));
    this.#uploads = new UploadPanel(find(root, "[data-uploads]", HTMLElement), id, limitBytes, () =>
      this.#showTotals(),
    );
    folderZone(find(root, "[data-zone]", HTMLElement), (files) => this.add(files));
    onAction(find(root, "[data-batch]", HTMLElement), (action) => void this.#act(action));
    for (const link of root.querySelectorAll("a[data-export]")) {
      link.setAttribute("href", exportAddress(id, link.getAttribute("data-export") ?? ""));
    }
    this.#filter.addEventListener("change", () => {
      this.#selection.clear();
      this.#items.filter(this.#state, this.#shown);
    });
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
    this.#outcome.show(batch);
    if (batch.counts.failed !== this.#failed) void this.#findNoAudio(batch.counts.failed);
  }

  // Internal

  /** Offer to remove what is no recording. @param {number} failed */
  async #findNoAudio(failed) {
    this.#failed = failed;
    this.#noAudio = failed ? await listAll(this.#id, "failed", isNoAudio).catch(() => []) : [];
    const head = find(this.#root, "[data-batch]", HTMLElement);
    buttonOf(head, "remove-no-audio").hidden = this.#noAudio.length === 0;
    write(head, "no-audio", String(this.#noAudio.length));
  }

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
      if (action === "remove-no-audio") await this.#change("remove", this.#noAudio);
      if (action === "cancel") await this.#cancel();
      if (action === "delete") await this.#delete();
    } catch (error) {
      showError(head, problemOf(error));
    }
  }

  async #retry() {
    const failed = this.#batch ? unreadOf(this.#batch) : 0;
    const batch = await steerBatch(this.#id, "retry");
    this.#outcome.begin(failed - unreadOf(batch), batch);
    this.show(batch);
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

  /** Do the same with many recordings. @param {"cancel" | "retry" | "remove"} action @param {string[]} ids */
  async #change(action, ids) {
    const head = find(this.#root, "[data-batch]", HTMLElement);
    const title = t("Remove from the batch: {count}", { count: ids.length });
    if (action === "remove" && !(await confirmed("confirm-remove-items", { title }))) return;
    try {
      let changed = 0;
      for (let first = 0; first < ids.length; first += MOST_AT_ONCE) {
        const answer = await changeItems(this.#id, action, ids.slice(first, first + MOST_AT_ONCE));
        changed += answer.changed;
        this.show(answer.batch);
      }
      this.#selection.clear();
      notify(outcomeOf(action, changed, ids.length));
    } catch (error) {
      showError(head, problemOf(error));
    }
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

/**
 * List the ids of all recordings in a state that are wanted.
 *
 * @param {string} id
 * @param {string} state
 * @param {(item: BatchItem) => boolean} [isWanted]
 */
async function listAll(id, state, isWanted = () => true) {
  /** @type {string[]} */
  const found = [];
  for (let offset = 0; ; offset += MOST_AT_ONCE) {
    const { items } = await listItems(id, { offset, limit: MOST_AT_ONCE, state });
    found.push(...items.filter(isWanted).map((item) => item.id));
    if (items.length < MOST_AT_ONCE) return found;
  }
}

/** @param {BatchItem} item */
function isNoAudio({ error }) {
  return NO_AUDIO.includes(error?.code ?? "");
}

/** @param {"cancel" | "retry" | "remove"} action @param {number} changed @param {number} asked */
function outcomeOf(action, changed, asked) {
  const count = changed;
  const done = {
    cancel: t("Cancelled: {count}", { count }),
    retry: t("Trying again: {count}", { count }),
    remove: t("Removed: {count}", { count }),
  }[action];
  const left = t("left as they were: {count}", { count: asked - changed });
  return changed === asked ? done : `${done} · ${left}`;
}
