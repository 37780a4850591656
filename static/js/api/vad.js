/** @import { Analysis, Missing, Needs, VadOptions } from "./types.js" */
import { send } from "./client.js";
import { sendForm } from "./transfer.js";

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
export const analyzeTranscription = (transcription) => send("POST", `/vad/transcriptions/${transcription}`);

/** @param {string} id @param {Parameters} parameters @returns {Promise<{start: number, end: number, peaks: [number, number][]}>} */
export const getPeaksBetween = (id, parameters) => send("GET", `/vad/${id}/peaks?${queryOf(parameters)}`);

/** @param {string} id @param {VadOptions} options @param {{segments: [number, number][] | null, language: string}} body @returns {Promise<{asked: number}>} */
export const transcribeSegments = (id, options, body) =>
  send("POST", `/vad/${id}/texts?${queryOf({ ...options })}`, body);

/** @param {string} id @returns {Promise<void>} */
export const cancelTexts = (id) => send("DELETE", `/vad/${id}/texts`);

/** Install what hears music, in the background. @returns {Promise<Needs | null>} */
export const installSoundEvents = () => send("POST", "/vad/events/install");

/** @param {string} transcription @param {Parameters} parameters @returns {Promise<Missing>} */
export const getMissing = (transcription, parameters) =>
  send("GET", `/transcriptions/${transcription}/missing?${queryOf(parameters)}`);

/**
 * @param {File} file
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Analysis>}
 */
export function analyzeFile(file, onProgress, signal) {
  const form = new FormData();
  form.append("file", file, file.name);
  return sendForm("/vad", form, onProgress, signal);
}
