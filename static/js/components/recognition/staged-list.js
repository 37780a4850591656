/** @import { RecognitionOptions, Transcription } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { copyOf, find, onAction, write } from "../../lib/dom.js";
import { clock, filesize } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { ThroughputMeter } from "../../lib/throughput-meter.js";
import { nameChannels } from "../../api/client.js";
import { upload } from "../../api/upload.js";
import { tooLarge } from "../../uploads/too-large.js";
import { fillProblem } from "../common/problem-box.js";
import { preview } from "./preview.js";

/** @typedef {{file: File, row: HTMLElement, upload: AbortController | null, gone: () => void, facts: string, channelNames: string[]}} Staged */

/** Recordings that were chosen, and their way to the server: one after the other, each on its own. */
export class StagedList {
  #list;
  #limitBytes;
  #changed;
  /** @type {Set<Staged>} */
  #items = new Set();
  #isUploading = false;
  #isCancelled = false;

  /**
   * @param {HTMLElement} list
   * @param {number} limitBytes
   * @param {() => void} changed called when something was added, removed or failed
   */
  constructor(list, limitBytes, changed) {
    this.#list = list;
    this.#limitBytes = limitBytes;
    this.#changed = changed;
  }

  /** How many wait to be sent. */
  get waiting() {
    return [...this.#items].filter(({ row }) => row.dataset.state === "staged").length;
  }

  get isEmpty() {
    return this.#items.size === 0;
  }

  get isUploading() {
    return this.#isUploading;
  }

  /**
   * @param {File} file
   * @param {number | null} [seconds] where they are known
   * @param {() => void} [gone] called when the server has it or the person has removed it
   * @param {string[]} [channelNames] who speaks on its channels, which are then read each on its own
   */
  add(file, seconds = null, gone = () => undefined, channelNames = []) {
    const row = copyOf("staged-template");
    const item = { file, row, upload: null, gone, facts: "", channelNames };
    write(row, "name", file.name);
    item.facts = [seconds === null ? "" : clock(seconds), filesize(file.size)].filter(Boolean).join(" · ");
    write(row, "facts", item.facts);
    preview(row, file);
    onAction(row, (action) => this.#act(item, action));
    this.#items.add(item);
    this.#list.append(row);
    if (file.size > this.#limitBytes) this.#fail(item, tooLarge(this.#limitBytes));
    this.#changed();
  }

  /**
   * Send everything that waits; `done` is called with each job the server has taken.
   *
   * @param {RecognitionOptions} options
   * @param {(job: Transcription) => void} done
   */
  async send(options, done) {
    if (this.#isUploading) return;
    this.#isUploading = true;
    this.#isCancelled = false;
    for (let item = this.#next(); item && !this.#isCancelled; item = this.#next())
      await this.#sendOne(item, options, done);
    this.#isUploading = false;
    this.#changed();
  }

  /** Stop what is on its way; it waits again, and so does what would have followed. */
  cancel() {
    this.#isCancelled = this.#isUploading;
    for (const { upload } of this.#items) upload?.abort();
  }

  // Internal

  #next() {
    return [...this.#items].find(({ row }) => row.dataset.state === "staged");
  }

  /**
   * @param {Staged} item
   * @param {RecognitionOptions} options
   * @param {(job: Transcription) => void} done
   */
  async #sendOne(item, options, done) {
    item.upload = new AbortController();
    setState(item, "uploading");
    this.#changed();
    const meter = new ThroughputMeter();
    try {
      const job = await sent(item, options, (percent) => showSent(item, percent, meter), item.upload.signal);
      this.#remove(item);
      done(job);
    } catch (error) {
      if (this.#isCancelled) setState(item, "staged");
      else if (item.upload.signal.aborted) this.#remove(item);
      else this.#fail(item, problemOf(error));
    }
  }

  /** @param {Staged} item @param {string} action */
  #act(item, action) {
    if (action === "retry") setState(item, "staged");
    if (action === "remove" && item.upload && item.row.dataset.state === "uploading") item.upload.abort();
    else if (action === "remove") this.#remove(item);
    this.#changed();
  }

  /** @param {Staged} item @param {ReturnType<typeof problemOf>} problem */
  #fail(item, problem) {
    fillProblem(item.row, problem);
    setState(item, "failed");
    this.#changed();
  }

  /** @param {Staged} item */
  #remove(item) {
    this.#items.delete(item);
    item.gone();
    item.row.remove();
    this.#changed();
  }
}

/**
 * Say how much of an upload has left, how fast, and how long the rest takes.
 *
 * @param {Staged} item
 * @param {number} percent
 * @param {ThroughputMeter} meter
 */
function showSent({ row, file }, percent, meter) {
  const sent = (file.size * percent) / 100;
  meter.add(sent);
  find(row, "progress", HTMLProgressElement).value = percent;
  const parts = [`${Math.floor(percent)}%`, `${filesize(sent)} / ${filesize(file.size)}`];
  const speed = meter.perSecond;
  if (speed && percent < 100)
    parts.push(`${filesize(speed)}/s`, t("about {time} left", { time: clock(Math.ceil((file.size - sent) / speed)) }));
  write(row, "facts", parts.join(" · "));
}

/** @param {Staged} item @param {"staged" | "uploading" | "failed"} state */
function setState({ row, facts }, state) {
  row.dataset.state = state;
  write(row, "facts", facts);
  write(row, "remove", state === "uploading" ? t("Cancel") : t("Remove"));
}

/**
 * @param {Staged} item
 * @param {RecognitionOptions} options
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Transcription>}
 */
async function sent({ file, channelNames }, options, onProgress, signal) {
  if (!channelNames.length) return upload(file, options, onProgress, signal);
  const job = await upload(file, { ...options, channels: "separate" }, onProgress, signal);
  await nameChannels(job.id, channelNames).catch(() => undefined); // they keep their numbers, and can be named later
  return job;
}
