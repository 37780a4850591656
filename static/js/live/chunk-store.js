import { ownName } from "../lib/address.js";

/**
 * What identifies a session: to this browser, and to the server once that has answered.
 *
 * @typedef {object} SessionRecord
 * @property {string} id
 * @property {string} startedAt  RFC 3339
 * @property {string | null} session
 * @property {string | null} token
 * @property {string | null} transcription
 * @property {boolean} isStopped  stopped by the person: no more audio follows
 * @property {import("../audio/sound-sources.js").SourceKind} [source]  left out by older versions: the microphone
 * @property {string[]} [channelNames]  who speaks on the channels, where there are two
 */

const NAME = "funasr.live"; // of the database; its stores are called as the first version called them

/**
 * Chunks of sound in the browser's storage (IndexedDB). Where it cannot be used, nothing is kept across a reload and
 * `failed` hears why; recording goes on.
 */
export class ChunkStore {
  /** @type {Promise<IDBDatabase>} */
  #database;
  #failed;

  /** @param {(error: unknown) => void} failed */
  constructor(failed) {
    this.#failed = failed;
    this.#database = open();
    this.#database.catch(failed);
  }

  /** @returns {Promise<SessionRecord[]>} */
  sessions() {
    return this.#read("takes", (sessions) => sessions.getAll(), []);
  }

  /** @param {SessionRecord} record */
  save(record) {
    return this.#write((sessions) => sessions.put({ ...record }));
  }

  /** @param {SessionRecord} record @param {number} number @param {Int16Array} samples */
  put({ id }, number, samples) {
    return this.#write((_, chunks) => chunks.put(samples, [id, number]));
  }

  /** @param {SessionRecord} record @param {number} number */
  dropBefore({ id }, number) {
    return this.#write((_, chunks) => chunks.delete(IDBKeyRange.bound([id, 0], [id, number], false, true)));
  }

  /** @param {SessionRecord} record @returns {Promise<{first: number, chunks: Int16Array<ArrayBuffer>[]}>} */
  async chunks({ id }) {
    const keys = await this.#read("chunks", (chunks) => chunks.getAllKeys(rangeOf(id)), []);
    const chunks = await this.#read("chunks", (store) => store.getAll(rangeOf(id)), []);
    const [first] = /** @type {[string, number][]} */ (keys);
    return { first: first ? first[1] : 0, chunks };
  }

  /** @param {SessionRecord} record */
  remove({ id }) {
    return this.#write((sessions, chunks) => {
      sessions.delete(id);
      chunks.delete(rangeOf(id));
    });
  }

  // Internal

  /** @param {(sessions: IDBObjectStore, chunks: IDBObjectStore) => void} work */
  async #write(work) {
    try {
      const database = await this.#database;
      const transaction = database.transaction(["takes", "chunks"], "readwrite", { durability: "relaxed" });
      work(transaction.objectStore("takes"), transaction.objectStore("chunks"));
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  /**
   * @template T
   * @param {"takes" | "chunks"} name
   * @param {(store: IDBObjectStore) => IDBRequest<T>} request
   * @param {T} otherwise
   * @returns {Promise<T>}
   */
  async #read(name, request, otherwise) {
    try {
      const database = await this.#database;
      return await answerOf(request(database.transaction(name).objectStore(name)));
    } catch (error) {
      this.#failed(error);
      return otherwise;
    }
  }
}

/** @returns {Promise<IDBDatabase>} */
async function open() {
  const request = indexedDB.open(ownName(NAME), 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("takes", { keyPath: "id" });
    request.result.createObjectStore("chunks");
  };
  return answerOf(request);
}

/** @param {string} id */
function rangeOf(id) {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
