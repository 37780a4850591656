/** @import { ChosenFile } from "../../uploads/dropped-files.js" */
/** @import { Sending } from "../../uploads/upload-queue.js" */
import { copyOf, find, onAction, write } from "../../lib/dom.js";
import { clock, filesize } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { ThroughputMeter } from "../../lib/throughput-meter.js";
import { UploadQueue } from "../../uploads/upload-queue.js";
import { fillProblem } from "../common/problem-box.js";

const REDRAW_MS = 200;

/** Shows how the files of this page get to the server: as a whole, the ones on the line, the ones that were refused. */
export class UploadPanel {
  #root;
  #queue;
  #drawn;
  #throughput = new ThroughputMeter();
  /** @type {Map<Sending, HTMLElement>} */
  #rows = new Map();
  #isDrawingSoon = false;

  /**
   * @param {HTMLElement} root
   * @param {string} batch
   * @param {number} limitBytes of one file
   * @param {() => void} drawn called when something here has changed
   */
  constructor(root, batch, limitBytes, drawn) {
    this.#root = root;
    this.#drawn = drawn;
    this.#queue = new UploadQueue(batch, limitBytes, () => this.#drawSoon());
    window.addEventListener("beforeunload", (event) => {
      if (this.isActive) event.preventDefault();
    });
  }

  get isActive() {
    return this.#queue.isActive;
  }

  /** How many files the server has not been told of yet. */
  get unannounced() {
    return this.#queue.items.filter(({ state }) => state === "waiting").length;
  }

  /** @param {ChosenFile[]} files */
  add(files) {
    this.#queue.add(files);
  }

  stop() {
    this.#queue.stop();
  }

  // Internal

  /** Many slices report in one moment; a person reads a few times a second. */
  #drawSoon() {
    if (this.#isDrawingSoon) return;
    this.#isDrawingSoon = true;
    setTimeout(() => {
      this.#isDrawingSoon = false;
      this.#draw();
    }, REDRAW_MS);
  }

  #draw() {
    const { items } = this.#queue;
    this.#root.hidden = items.length === 0;
    this.#root.dataset.state = stateOf(items);
    this.#drawWhole(items.filter(({ state }) => state !== "failed"));
    this.#drawRows(items);
    this.#drawn();
  }

  /** @param {Sending[]} items */
  #drawWhole(items) {
    const total = sum(items, ({ file }) => file.size);
    const sent = sum(items, (item) => item.sent);
    this.#throughput.add(sent);
    find(this.#root, "[data-whole]", HTMLProgressElement).value = total ? (100 * sent) / total : 100;
    write(this.#root, "sent", this.#line(items, sent, total));
    write(this.#root, "situation", situation(this.#root.dataset.state ?? ""));
    const before = items.filter(({ wasThere }) => wasThere).length;
    write(this.#root, "before", before ? t("On the server already, not sent again: {count}", { count: before }) : "");
  }

  /** @param {Sending[]} items @param {number} sent @param {number} total */
  #line(items, sent, total) {
    const done = items.filter(({ state }) => state === "sent").length;
    const parts = [t("{done} of {total} files uploaded", { done, total: items.length })];
    if (sent < total) parts.push(`${Math.floor((100 * sent) / total)}%`, `${filesize(sent)} / ${filesize(total)}`);
    const speed = this.#throughput.perSecond;
    if (speed && sent < total) {
      parts.push(`${filesize(speed)}/s`, t("about {time} left", { time: clock(Math.ceil((total - sent) / speed)) }));
    }
    return parts.join(" · ");
  }

  /** @param {Sending[]} items */
  #drawRows(items) {
    const shown = new Set(items.filter(({ state }) => state === "sending" || state === "failed"));
    for (const [item, row] of this.#rows) {
      if (shown.has(item)) continue;
      row.remove();
      this.#rows.delete(item);
    }
    for (const item of shown) fillRow(this.#rowOf(item), item);
  }

  /** @param {Sending} item */
  #rowOf(item) {
    const known = this.#rows.get(item);
    if (known) return known;
    const row = copyOf("sending-template");
    onAction(row, (action) => {
      if (action === "retry") this.#queue.retry(item);
      if (action === "remove") this.#queue.remove(item);
    });
    this.#rows.set(item, row);
    find(this.#root, "[data-sending]", HTMLElement).append(row);
    return row;
  }
}

/** @param {HTMLElement} row @param {Sending} item */
function fillRow(row, item) {
  row.dataset.state = item.state;
  write(row, "path", item.path);
  write(
    row,
    "size",
    item.state === "sending" ? `${filesize(item.sent)} / ${filesize(item.file.size)}` : filesize(item.file.size),
  );
  find(row, "progress", HTMLProgressElement).value = item.file.size ? (100 * item.sent) / item.file.size : 0;
  fillProblem(row, item.problem);
}

/** @param {Sending[]} items */
function stateOf(items) {
  if (items.some(({ isWaiting }) => isWaiting)) return "waiting";
  if (items.some(({ state }) => state !== "sent" && state !== "failed")) return "sending";
  return items.some(({ state }) => state === "failed") ? "incomplete" : "sent";
}

/** @param {string} state */
function situation(state) {
  if (state === "waiting")
    return t(
      "No connection. Nothing is lost: sending goes on by itself where it stopped, as soon as the server answers.",
    );
  if (state === "sending")
    return t(
      "Keep this page open until everything is uploaded. If it closes, choose the same files again: only what is missing is sent.",
    );
  if (state === "incomplete")
    return t("Some files could not be uploaded; the reasons stand below. All others are safe on the server.");
  return t("Everything is on the server. You may close this page: the work goes on.");
}

/** @param {Sending[]} items @param {(item: Sending) => number} value */
function sum(items, value) {
  return items.reduce((total, item) => total + value(item), 0);
}
