/** @import { Problem } from "./types.js" */
import { api } from "./address.js";
import { problemIn, Refusal, send } from "./api.js";

/**
 * What the REST API says about speech detection; the words are those of /docs.
 *
 * @typedef {{detector: "silero" | "webrtcvad", threshold: number, mode: number, frame_ms: number, max_segment_ms: number, min_speech_ms: number, min_silence_ms: number, speech_pad_ms: number}} VadOptions
 *
 * @typedef {{start: number, end: number, duration: number}} Times  seconds
 *
 * @typedef {Times & {state: "none" | "waiting" | "done" | "failed", text: string, error: Problem | null}} Stretch
 *
 * @typedef {{rule: string, title: string, advice: string, count: number, seconds: number}} MissingRule
 *
 * @typedef {Times & {rule: string, error: Problem | null}} MissingStretch
 *
 * @typedef {{state: "reading" | "ready", total: number, offset: number, rules: MissingRule[], items: MissingStretch[]}} Missing
 *
 * @typedef {object} Speech
 * @property {number} total
 * @property {number} offset
 * @property {number} speech_seconds
 * @property {number} texts_waiting
 * @property {number} texts_done
 * @property {string} advice
 * @property {Stretch[]} segments
 * @property {[number, number][]} marks
 * @property {Missing} missing
 *
 * @typedef {{id: string, name: string, state: "reading" | "ready", transcription: string | null, duration: number | null, channels: number | null, warnings: string[], speech: Speech | null}} Analysis
 */

/** @typedef {Record<string, string | number | boolean | string[]>} Parameters */

/** @param {Parameters} parameters */
export function queryOf(parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [String(value)]) query.append(name, each);
  }
  return query.toString();
}

/** @param {string} id @param {Parameters} parameters @returns {Promise<Analysis>} */
export const getSpeech = (id, parameters) => send("GET", `/vad/${id}?${queryOf({ picture: false, ...parameters })}`);

/** @param {string} transcription @returns {Promise<Analysis>} */
export const lookAtTranscription = (transcription) => send("POST", `/vad/transcriptions/${transcription}`);

/** @param {string} id @param {Parameters} parameters @returns {Promise<{start: number, end: number, peaks: [number, number][]}>} */
export const getOutline = (id, parameters) => send("GET", `/vad/${id}/peaks?${queryOf(parameters)}`);

/** @param {string} id @param {VadOptions} options @param {{segments: [number, number][] | null, language: string}} wanted @returns {Promise<{asked: number}>} */
export const readStretches = (id, options, wanted) => send("POST", `/vad/${id}/texts?${queryOf(options)}`, wanted);

/** @param {string} id @returns {Promise<void>} */
export const stopReading = (id) => send("DELETE", `/vad/${id}/texts`);

/** @param {string} transcription @param {Parameters} parameters @returns {Promise<Missing>} */
export const getMissing = (transcription, parameters) =>
  send("GET", `/transcriptions/${transcription}/missing?${queryOf(parameters)}`);

/**
 * Send one recording; XMLHttpRequest, because fetch does not tell how much has left.
 *
 * @param {File} file
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Analysis>}
 */
export function lookAtFile(file, onProgress, signal) {
  const form = new FormData();
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", api("/vad"));
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress((100 * loaded) / total));
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(new Refusal(problemIn(request.status, request.responseText)));
    });
    request.addEventListener("error", () => reject(new TypeError("The connection broke")));
    request.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
