/** @import { Problem, RecognitionOptions } from "./types.js" */
import { api } from "./address.js";
import { problemIn, Refusal, send } from "./api.js";
import { noteRequest } from "./journal.js";

/**
 * What the REST API says about batches; the words are those of /docs.
 *
 * @typedef {"uploading" | "queued" | "running" | "succeeded" | "failed" | "cancelled" | "duplicate"} ItemState
 * @typedef {"running" | "paused" | "done" | "cancelled"} BatchState
 *
 * @typedef {object} Batch
 * @property {string} id
 * @property {string} name
 * @property {string} created_at
 * @property {BatchState} state
 * @property {Record<ItemState | "total", number>} counts
 * @property {number} seconds_total  of sound, as far as it is known
 * @property {number} seconds_done
 * @property {number} progress  0 to 1
 * @property {number | null} eta_seconds
 * @property {{language: string, quality: string, hotwords: string[], itn: boolean, punctuation: boolean, channels: string}} options
 *
 * @typedef {object} BatchItem
 * @property {string} id
 * @property {number} position
 * @property {string} name
 * @property {ItemState} state
 * @property {number} progress  0 to 1
 * @property {number | null} duration  seconds
 * @property {string | null} transcription_id
 * @property {string | null} duplicate_of  id of the transcription with the same content
 * @property {Problem | null} error
 * @property {string} text  its beginning
 *
 * @typedef {{id: string, offset: number}} Upload
 */

export const LARGEST_PAGE = 500; // items in one answer

/** @param {string} id */
const address = (id) => `/batches/${encodeURIComponent(id)}`;

/** @returns {Promise<{items: Batch[], total: number}>} */
export const listBatches = () => send("GET", "/batches");

/** @param {string} name @param {RecognitionOptions} options @returns {Promise<Batch>} */
export const createBatch = (name, options) => send("POST", "/batches", { name, options: spoken(options) });

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

/** @param {string} id @returns {Promise<void>} */
export const deleteBatch = (id) => send("DELETE", address(id));

/** @param {string} id @param {string} path @returns {Promise<Batch>} */
export const addServerFolder = (id, path) => send("POST", `${address(id)}/folder`, { path });

/** @param {string} id @param {string} format */
export const exportAddress = (id, format) => api(`${address(id)}/export?format=${format}`);

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
  const wanted = new URLSearchParams({ offset: String(offset), limit: String(limit) });
  if (state) wanted.set("state", state);
  return send("GET", `${address(id)}/items?${wanted}`);
}

/**
 * Send one slice; XMLHttpRequest, because fetch does not tell how much has left. A connection on which
 * nothing moves for `stallMs` counts as broken.
 *
 * @param {string} id
 * @param {number} offset
 * @param {Blob} slice
 * @param {{signal: AbortSignal, stallMs: number, onProgress: (bytes: number) => void}} watch
 * @returns {Promise<{offset: number}>}
 */
export function sendSlice(id, offset, slice, { signal, stallMs, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = setTimeout(() => request.abort(), stallMs);
    const moves = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), stallMs);
    };
    const stop = () => request.abort();
    request.open("PATCH", api(`/uploads/${encodeURIComponent(id)}`));
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("content-type", "application/offset+octet-stream");
    request.setRequestHeader("upload-offset", String(offset));
    request.upload.addEventListener("progress", ({ loaded }) => {
      moves();
      onProgress(Math.min(loaded, slice.size));
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(new Refusal(problemIn(request.status, request.responseText), request.status));
    });
    request.addEventListener("error", () => reject(new TypeError("The connection broke")));
    request.addEventListener("abort", () => {
      reject(signal.aborted ? new DOMException("Stopped", "AbortError") : new TypeError("Nothing moved"));
    });
    request.addEventListener("loadend", () => {
      noteRequest("PATCH", api("/uploads"), request.status, request.getResponseHeader("x-request-id"));
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    });
    signal.addEventListener("abort", stop);
    request.send(slice);
  });
}

/**
 * The hotwords as one text, a phrase on each line, also where there is only one.
 *
 * @param {RecognitionOptions} options
 */
export function spoken({ hotwords, ...others }) {
  return {
    ...others,
    hotwords: `${hotwords}\n`,
  };
}
