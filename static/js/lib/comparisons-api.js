/** @import { Problem, Progress, RecognitionOptions } from "./types.js" */
import { api } from "./address.js";
import { problemIn, Refusal, send } from "./api.js";
import { noteRequest } from "./journal.js";

/**
 * What the REST API says about comparisons; the words are those of /docs.
 *
 * @typedef {object} Reading
 * @property {string} transcription
 * @property {string} model
 * @property {string} title
 * @property {boolean} is_in_use
 * @property {RecognitionOptions} options
 * @property {"queued" | "running" | "succeeded" | "failed" | "cancelled"} state
 * @property {Progress} progress
 * @property {Problem | null} error
 * @property {{rate: number, kind: "cer" | "wer", wrong: number, total: number} | null} errors
 * @property {number | null} real_time_factor
 * @property {number | null} memory_bytes
 *
 * @typedef {{text: string, kind: "same" | "other" | "missing"}} Piece
 * @typedef {{state: "pending" | "done" | "failed", pieces: Piece[], dropped: string}} Cell
 * @typedef {{start: number, end: number, channel: number | null, reference: string, readings: Cell[]}} Line
 *
 * @typedef {object} Comparison
 * @property {string} id
 * @property {boolean} has_ended
 * @property {string | null} best
 * @property {string} reference
 * @property {boolean} is_laid_out
 * @property {Reading[]} readings
 * @property {Line[]} segments
 */

/** @param {string} id */
const address = (id) => `/comparisons/${encodeURIComponent(id)}`;

/** @param {string} id @returns {Promise<Comparison>} */
export const getComparison = (id) => send("GET", address(id));

/** @param {string} id @param {string} reference @returns {Promise<Comparison>} */
export const setReference = (id, reference) => send("PUT", `${address(id)}/reference`, { reference });

/** @param {string} id @returns {Promise<Comparison>} */
export const cancelComparison = (id) => send("POST", `${address(id)}/cancel`);

/** @param {string} id @returns {Promise<void>} */
export const deleteComparison = (id) => send("DELETE", address(id));

/**
 * Begin a comparison; XMLHttpRequest, because fetch does not tell how much has left.
 *
 * @param {FormData} form
 * @param {(percent: number) => void} onProgress
 * @returns {Promise<Comparison>}
 */
export function beginComparison(form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", api("/comparisons"));
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress((100 * loaded) / total));
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(new Refusal(problemIn(request.status, request.responseText), request.status));
    });
    request.addEventListener("loadend", () =>
      noteRequest("POST", api("/comparisons"), request.status, request.getResponseHeader("x-request-id")),
    );
    request.addEventListener("error", () => reject(new TypeError("The connection broke")));
    request.send(form);
  });
}
