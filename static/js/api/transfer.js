import { api } from "../lib/address.js";
import { problemIn, Refusal } from "./client.js";
import { noteRequest } from "../lib/journal.js";

/**
 * Send a body and hear how much of it has left, which fetch does not tell.
 *
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {XMLHttpRequestBodyInit} body
 * @param {{onProgress: (event: ProgressEvent) => void, signal?: AbortSignal, headers?: Record<string, string>}} options
 * @returns {Promise<any>} what the server answers
 */
export function transfer(method, path, body, { onProgress, signal, headers = {} }) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open(method, api(path));
    request.setRequestHeader("accept", "application/json");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", onProgress);
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("error", () => reject(new TypeError("The connection broke")));
    request.addEventListener("abort", () => reject(signal?.reason));
    request.addEventListener("loadend", () => {
      signal?.removeEventListener("abort", stop);
      noteRequest(method, api(path), request.status, request.getResponseHeader("x-request-id"));
    });
    signal?.addEventListener("abort", stop);
    request.send(body);
  });
}

/**
 * Send a form with a file in it.
 *
 * @param {string} path below /api/v1
 * @param {FormData} form
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function sendForm(path, form, onProgress, signal) {
  return transfer("POST", path, form, {
    signal,
    onProgress: ({ loaded, total }) => onProgress((100 * loaded) / total),
  });
}

/**
 * @param {XMLHttpRequest} request
 * @param {(answer: any) => void} resolve
 * @param {(error: Error) => void} reject
 */
function settle({ status, responseText }, resolve, reject) {
  if (status < 300) resolve(JSON.parse(responseText));
  else reject(new Refusal(problemIn(status, responseText), status));
}
