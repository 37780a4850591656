/** @typedef {{id: number, file: File, seconds: number}} SavedRecording */
import { ownName } from "../lib/address.js";

const DATABASE = "funasr";
const STORE = "takes";

/**
 * Own recordings that have not been sent yet, kept in this browser: a reload or a crash does not lose them. Where a
 * browser keeps nothing (private windows, a full disk), they are as safe as chosen files: the page asks before it closes.
 *
 * @param {File} file @param {number} seconds
 * @returns {Promise<number | null>} the id to forget it by
 */
export async function saveRecording(file, seconds) {
  const id = await within("readwrite", (store) => store.add({ file, seconds }));
  return typeof id === "number" ? id : null;
}

/** @returns {Promise<SavedRecording[]>} */
export async function savedRecordings() {
  const ids = (await within("readonly", (store) => store.getAllKeys())) ?? [];
  const recordings = (await within("readonly", (store) => store.getAll())) ?? [];
  return recordings.map((recording, place) => ({ ...recording, id: Number(ids[place]) }));
}

/** @param {number} id */
export async function deleteRecording(id) {
  await within("readwrite", (store) => store.delete(id));
}

// Internal

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T | undefined>} undefined where the browser keeps nothing
 */
async function within(mode, work) {
  try {
    const database = await opened();
    const result = await resultOf(work(database.transaction(STORE, mode).objectStore(STORE)));
    database.close();
    return result;
  } catch {
    return undefined;
  }
}

function opened() {
  const request = indexedDB.open(ownName(DATABASE), 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { autoIncrement: true }));
  return resultOf(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
    request.addEventListener("blocked", () => reject(new DOMException("Blocked", "InvalidStateError")));
  });
}
