/** @import { RecognitionOptions, Transcription } from "./types.js" */
import { optionsBody } from "../live/options-body.js";
import { sendForm } from "./transfer.js";

/**
 * Send one recording to be recognised.
 *
 * @param {File} file
 * @param {RecognitionOptions} options
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Transcription>}
 */
export function upload(file, options, onProgress, signal) {
  return sendForm("/transcriptions", formOf(file, options), onProgress, signal);
}

/**
 * @param {File} file
 * @param {RecognitionOptions} options
 */
function formOf(file, options) {
  const form = new FormData();
  for (const [name, value] of Object.entries(optionsBody(options))) form.append(name, String(value));
  form.append("file", file, file.name);
  return form;
}
