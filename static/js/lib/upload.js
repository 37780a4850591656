/** @import { RecognitionOptions, Transcription } from "./types.js" */
import { api } from "./address.js";
import { problemIn, Refusal } from "./api.js";
import { noteRequest } from "./journal.js";

/**
 * Send one recording; XMLHttpRequest, because fetch does not tell how much has left.
 *
 * @param {File} file
 * @param {RecognitionOptions} options
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Transcription>}
 */
export function upload(file, options, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", api("/transcriptions"));
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress((100 * loaded) / total));
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("loadend", () =>
      noteRequest("POST", api("/transcriptions"), request.status, request.getResponseHeader("x-request-id")),
    );
    request.addEventListener("error", () => reject(new TypeError("The connection broke")));
    request.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(formOf(file, options));
  });
}

/**
 * @param {XMLHttpRequest} request
 * @param {(job: Transcription) => void} resolve
 * @param {(error: Error) => void} reject
 */
function settle(request, resolve, reject) {
  if (request.status === 201) resolve(JSON.parse(request.responseText));
  else reject(new Refusal(problemIn(request.status, request.responseText)));
}

/**
 * @param {File} file
 * @param {RecognitionOptions} options
 */
function formOf(file, options) {
  const form = new FormData();
  const { hotwords, ...others } = options;
  form.append("hotwords", `${hotwords}\n`); // a line is one phrase, also where there is only one
  for (const [name, value] of Object.entries(others)) form.append(name, String(value));
  form.append("file", file, file.name);
  return form;
}
