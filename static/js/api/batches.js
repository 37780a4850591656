/** @import { Batch, BatchItem, RecognitionOptions, Upload } from "./types.js" */
import { api } from "../lib/address.js";
import { exportQuery } from "../lib/reader.js";
import { send } from "./client.js";
import { optionsBody } from "../live/options-body.js";
import { transfer } from "./transfer.js";

/** @param {string} id */
const address = (id) => `/batches/${encodeURIComponent(id)}`;

/** @returns {Promise<{items: Batch[], total: number}>} */
export const listBatches = () => send("GET", "/batches");

/** @param {string} name @param {RecognitionOptions} options @returns {Promise<Batch>} */
export const createBatch = (name, options) => send("POST", "/batches", { name, options: optionsBody(options) });

/** @param {string} id @returns {Promise<Batch>} */
export const getBatch = (id) => send("GET", address(id));

/** @param {string} id @param {"pause" | "resume" | "cancel" | "retry"} action @returns {Promise<Batch>} */
export const steerBatch = (id, action) => send("POST", `${address(id)}/${action}`);

/**
 * Move the items at `positions` before the one at `before`; without it, before all that wait.
 *
 * @param {string} id
 * @param {{positions: number[], before?: number}} order
 * @returns {Promise<Batch>}
 */
export const orderBatch = (id, order) => send("POST", `${address(id)}/order`, order);

/**
 * Cancel, try again or remove recordings of a batch, at most so many as one answer lists.
 *
 * @param {string} id
 * @param {"cancel" | "retry" | "remove"} action
 * @param {string[]} ids
 * @returns {Promise<{changed: number, batch: Batch}>}
 */
export const changeItems = (id, action, ids) => send("POST", `${address(id)}/items`, { action, ids });

/** @param {string} id @returns {Promise<void>} */
export const deleteBatch = (id) => send("DELETE", address(id));

/** @param {string} id @param {string} path @returns {Promise<Batch>} */
export const addServerFolder = (id, path) => send("POST", `${address(id)}/folder`, { path });

/** @param {string} id @param {string} format */
export const exportAddress = (id, format) => api(`${address(id)}/export?${exportQuery(format)}`);

/** @param {string} id @param {File} file @param {string} path @returns {Promise<Upload>} */
export const announceUpload = (id, { name, size, lastModified }, path) =>
  send("POST", `${address(id)}/uploads`, { name, path, size_bytes: size, modified_ms: lastModified });

/** @param {string} id @returns {Promise<void>} */
export const giveUpUpload = (id) => send("DELETE", `/uploads/${encodeURIComponent(id)}`);

/** @param {string} id @returns {Promise<{offset: number}>} */
export const getUpload = (id) => send("GET", `/uploads/${encodeURIComponent(id)}`);

/**
 * @param {string} id
 * @param {{offset: number, limit: number, state: string}} page
 * @returns {Promise<{items: BatchItem[], total: number}>}
 */
export function listItems(id, { offset, limit, state }) {
  const query = new URLSearchParams({ offset: String(offset), limit: String(limit) });
  if (state) query.set("state", state);
  return send("GET", `${address(id)}/items?${query}`);
}

/**
 * Send one slice. A connection on which nothing moves for `stallMs` counts as broken.
 *
 * @param {string} id
 * @param {number} offset
 * @param {Blob} slice
 * @param {{signal: AbortSignal, stallMs: number, onProgress: (bytes: number) => void}} watch
 * @returns {Promise<{offset: number}>}
 */
export async function sendSlice(id, offset, slice, { signal, stallMs, onProgress }) {
  const stalled = new AbortController();
  const fail = () => stalled.abort(new TypeError("Nothing moved"));
  let timer = setTimeout(fail, stallMs);
  try {
    return await transfer("PATCH", `/uploads/${encodeURIComponent(id)}`, slice, {
      headers: { "content-type": "application/offset+octet-stream", "upload-offset": String(offset) },
      signal: AbortSignal.any([signal, stalled.signal]),
      onProgress: ({ loaded }) => {
        clearTimeout(timer);
        timer = setTimeout(fail, stallMs);
        onProgress(Math.min(loaded, slice.size));
      },
    });
  } finally {
    clearTimeout(timer);
  }
}
