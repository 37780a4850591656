/** @import { ChosenFile } from "./dropped-files.js" */
/** @import { Problem, Upload } from "../api/types.js" */
import { problemOf } from "../api/client.js";
import { t } from "../lib/messages.js";
import { tooLarge } from "./too-large.js";
import { announce, sendRest } from "./resumable-upload.js";

/**
 * A file on its way. `acknowledged` bytes are on the server's disk; `sent` counts those on the line as well.
 *
 * @typedef {object} Sending
 * @property {File} file
 * @property {string} path
 * @property {"waiting" | "announced" | "sending" | "sent" | "failed"} state
 * @property {Upload | null} upload
 * @property {number} acknowledged
 * @property {number} sent
 * @property {boolean} isWaiting  for a broken connection
 * @property {boolean} wasThere  before this page sent anything of it
 * @property {Problem | null} problem
 */

const PARALLEL = 3; // enough to fill a line, few enough for the six connections that a browser has

/** Files for one batch: all are announced in their order, three at a time are sent. */
export class UploadQueue {
  #batch;
  #limitBytes;
  #changed;
  #stopping = new AbortController();
  #isAnnouncing = false;
  #senders = 0;
  /** @type {Sending[]} */
  items = [];

  /**
   * @param {string} batch
   * @param {number} limitBytes of one file
   * @param {() => void} changed
   */
  constructor(batch, limitBytes, changed) {
    this.#batch = batch;
    this.#limitBytes = limitBytes;
    this.#changed = changed;
  }

  /** Whether something would be interrupted by leaving the page. */
  get isActive() {
    return this.items.some(({ state }) => state !== "sent" && state !== "failed");
  }

  /** @param {ChosenFile[]} files those that are being sent already are left out */
  add(files) {
    const known = new Set(this.items.filter(({ state }) => state !== "failed").map(keyOf));
    for (const { file, path } of files) {
      const item = newSending(file, path);
      if (known.has(keyOf(item))) continue;
      known.add(keyOf(item));
      if (file.size > this.#limitBytes) fail(item, tooLarge(this.#limitBytes));
      this.items.push(item);
    }
    this.#start();
  }

  /** @param {Sending} item */
  retry(item) {
    Object.assign(item, { state: "waiting", upload: null, problem: null });
    this.#start();
  }

  /** @param {Sending} item */
  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    this.#changed();
  }

  stop() {
    this.#stopping.abort();
    this.items = [];
    this.#changed();
  }

  // Internal

  #start() {
    this.#changed();
    void this.#announceAll();
  }

  async #announceAll() {
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    for (let item = this.#next("waiting"); item; item = this.#next("waiting")) {
      await this.#attempt(item, () => this.#announceOne(item));
      this.#startSenders();
    }
    this.#isAnnouncing = false;
  }

  /** @param {Sending} item */
  async #announceOne(item) {
    item.upload = await announce(this.#batch, item, this.#watch(item));
    item.acknowledged = item.sent = item.upload.offset;
    const isWhole = item.upload.offset === item.file.size;
    item.wasThere = isWhole && item.file.size > 0;
    item.state = isWhole ? "sent" : "announced";
  }

  #startSenders() {
    while (this.#senders < PARALLEL && this.#next("announced")) void this.#sendAll();
  }

  async #sendAll() {
    this.#senders += 1;
    for (let item = this.#next("announced"); item; item = this.#next("announced")) {
      item.state = "sending";
      await this.#attempt(item, () => this.#sendOne(item));
    }
    this.#senders -= 1;
  }

  /** @param {Sending} item */
  async #sendOne(item) {
    if (item.upload) await sendRest(item.file, item.upload, this.#watch(item));
    item.state = "sent";
  }

  /** @param {Sending["state"]} state */
  #next(state) {
    return this.#stopping.signal.aborted ? undefined : this.items.find((item) => item.state === state);
  }

  /** @param {Sending} item @param {() => Promise<void>} work */
  async #attempt(item, work) {
    try {
      await work();
    } catch (error) {
      if (!this.#stopping.signal.aborted) fail(item, sendingProblem(error));
    }
    item.isWaiting = false;
    this.#changed();
  }

  /** @param {Sending} item */
  #watch(item) {
    return {
      signal: this.#stopping.signal,
      /** @param {number} sent @param {number} acknowledged */
      sent: (sent, acknowledged) => {
        Object.assign(item, { sent, acknowledged });
        this.#changed();
      },
      /** @param {boolean} isWaiting */
      waits: (isWaiting) => {
        item.isWaiting = isWaiting;
        this.#changed();
      },
    };
  }
}

/** @param {File} file @param {string} path @returns {Sending} */
function newSending(file, path) {
  return {
    file,
    path,
    state: "waiting",
    upload: null,
    acknowledged: 0,
    sent: 0,
    isWaiting: false,
    wasThere: false,
    problem: null,
  };
}

/** @param {Sending} item */
function keyOf({ path, file }) {
  return `${file.size} ${file.lastModified} ${path}`;
}

/** @param {Sending} item @param {Problem} problem */
function fail(item, problem) {
  Object.assign(item, { state: "failed", problem });
}

/** @param {unknown} error @returns {Problem} */
function sendingProblem(error) {
  if (!(error instanceof DOMException)) return problemOf(error);
  return {
    code: "file_unreadable",
    message: t("The browser can no longer read this file."),
    advice: t("It was moved, changed or deleted since it was chosen, or its drive was removed. Choose it again."),
  };
}
