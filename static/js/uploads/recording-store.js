/** @typedef {{id: number, file: File, seconds: number, channelNames?: string[]}} SavedRecording  with names where there are several channels */
/** @typedef {{take: string, data: Blob, name: string, seconds: number, channelNames?: string[]}} Piece  of a recording that is being made; `seconds` is its length so far */
import { ownName } from "../lib/address.js";

const DATABASE = "funasr";
const STORE = "takes";
const RUNNING = "pieces"; // of recordings that are being made
const BY_TAKE = "take";

/**
 * Own recordings that have not been sent yet, kept in this browser: a reload or a crash does not lose them. Where a
 * browser keeps nothing (private windows, a full disk), they are as safe as chosen files: the page asks before it closes.
 *
 * @param {File} file @param {number} seconds @param {string[]} [channelNames]
 * @returns {Promise<number | null>} the id to forget it by
 */
export async function saveRecording(file, seconds, channelNames = []) {
  const id = await within(STORE, "readwrite", (store) => store.add({ file, seconds, channelNames }));
  return typeof id === "number" ? id : null;
}

/** @returns {Promise<SavedRecording[]>} */
export async function savedRecordings() {
  const ids = (await within(STORE, "readonly", (store) => store.getAllKeys())) ?? [];
  const recordings = (await within(STORE, "readonly", (store) => store.getAll())) ?? [];
  return recordings.map((recording, place) => ({ ...recording, id: Number(ids[place]) }));
}

/** @param {number} id */
export async function deleteRecording(id) {
  await within(STORE, "readwrite", (store) => store.delete(id));
}

/** Keep a second of what is being recorded: a reload or a crash in the middle loses no more than that. @param {Piece} piece */
export async function savePiece(piece) {
  await within(RUNNING, "readwrite", (store) => store.add(piece));
}

/**
 * Hold a recording that is being made, so that no other tab takes it for one that was broken off.
 *
 * @param {string} take
 * @returns {Promise<() => void>} releases it
 */
export function holdTake(take) {
  return new Promise((resolve) => {
    void navigator.locks.request(lockName(take), () => new Promise((release) => resolve(() => release(undefined))));
  });
}

/** @param {string} take */
export async function deleteTake(take) {
  const ids = (await within(RUNNING, "readonly", (store) => store.index(BY_TAKE).getAllKeys(take))) ?? [];
  for (const id of ids) await within(RUNNING, "readwrite", (store) => store.delete(id));
}

/** Make recordings of what pages that are gone were recording. */
export async function rescueTakes() {
  const pieces = /** @type {Piece[]} */ ((await within(RUNNING, "readonly", (store) => store.getAll())) ?? []);
  for (const take of new Set(pieces.map((piece) => piece.take))) {
    await navigator.locks.request(lockName(take), { ifAvailable: true }, async (lock) => {
      const mine = pieces.filter((piece) => piece.take === take);
      if (!lock) return;
      const data = mine.map((piece) => piece.data);
      const { name, seconds, channelNames } = mine[mine.length - 1];
      await saveRecording(new File(data, name, { type: data[0].type.split(";")[0] }), seconds, channelNames);
      await deleteTake(take);
    });
  }
}

// Internal

/** @param {string} take */
function lockName(take) {
  return ownName(`funasr.take.${take}`);
}

/**
 * @template T
 * @param {string} name of the store
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T | undefined>} undefined where the browser keeps nothing
 */
async function within(name, mode, work) {
  try {
    const database = await opened();
    const result = await resultOf(work(database.transaction(name, mode).objectStore(name)));
    database.close();
    return result;
  } catch {
    return undefined;
  }
}

function opened() {
  const request = indexedDB.open(ownName(DATABASE), 2);
  request.addEventListener("upgradeneeded", ({ oldVersion }) => {
    if (oldVersion < 1) request.result.createObjectStore(STORE, { autoIncrement: true });
    request.result.createObjectStore(RUNNING, { autoIncrement: true }).createIndex(BY_TAKE, BY_TAKE);
  });
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
