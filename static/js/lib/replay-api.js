/** @import { Problem } from "./types.js" */
import { api } from "./address.js";
import { problemIn, Refusal, send } from "./api.js";
import { noteRequest } from "./journal.js";

/**
 * What the REST API says about a replay; the words are those of /docs.
 *
 * @typedef {{name: string, label: string, recorded: string, here: string}} Difference
 *
 * @typedef {object} SegmentDifference
 * @property {number} index
 * @property {number} start
 * @property {string} recorded
 * @property {string} now
 * @property {string | null} recorded_error
 * @property {string | null} error
 *
 * @typedef {object} ReplayResult
 * @property {"reproduced" | "not_reproduced" | "not_comparable"} verdict
 * @property {string} reason
 * @property {{recorded: string | null, now: string | null, is_same: boolean}} error
 * @property {number | null} cer
 * @property {number | null} timing_seconds
 * @property {Difference[]} differences
 * @property {[number, number][]} speech_found_elsewhere
 * @property {number} segments_compared
 * @property {number} segments_same
 * @property {SegmentDifference[]} segments
 *
 * @typedef {object} Replay
 * @property {string} id
 * @property {string} name
 * @property {Record<string, string>} changes
 * @property {"running" | "done" | "failed"} state
 * @property {string} started_at
 * @property {ReplayResult | null} result
 * @property {Problem | null} error
 */

/** @param {string} id @returns {Promise<Replay>} */
export const getReplay = (id) => send("GET", `/replay/${encodeURIComponent(id)}`);

/** @param {string} id @returns {Promise<void>} */
export const forgetReplay = (id) => send("DELETE", `/replay/${encodeURIComponent(id)}`);

/**
 * Send a case; XMLHttpRequest, because fetch does not tell how much has left.
 *
 * @param {File} file
 * @param {FormData} changes
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<{id: string}>}
 */
export function startReplay(file, changes, onProgress, signal) {
  changes.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", api("/replay"));
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress((100 * loaded) / total));
    request.addEventListener("load", () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText));
      else reject(new Refusal(problemIn(request.status, request.responseText), request.status));
    });
    request.addEventListener("loadend", () =>
      noteRequest("POST", api("/replay"), request.status, request.getResponseHeader("x-request-id")),
    );
    request.addEventListener("error", () => reject(new TypeError("The connection broke")));
    request.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(changes);
  });
}
