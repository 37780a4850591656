/** @import { DoubtfulTurn, Edits, Finding, FullTranscription, Model, Peaks, Problem, RecognitionOptions, ReplacementTrial, RereadAnswer, Speakers, Transcription } from "./types.js" */
import { api } from "../lib/address.js";
import { noteRequest } from "../lib/journal.js";
import { t } from "../lib/messages.js";

/** A request that was refused, with what happened and what to do. */
export class Refusal extends Error {
  /** @param {Problem} problem @param {number} [status] of the answer */
  constructor(problem, status = 0) {
    super(problem.message);
    this.problem = problem;
    this.status = status;
  }
}

/** @param {string} id @returns {Promise<FullTranscription>} */
export const getTranscription = (id) => send("GET", `/transcriptions/${id}?words=false`);

/** @param {string} id @returns {Promise<Peaks>} */
export const getPeaks = (id) => send("GET", `/transcriptions/${id}/peaks`);

/** Say who speaks on the channels. @param {string} id @param {string[]} names @returns {Promise<FullTranscription>} */
export const nameChannels = (id, names) => send("PATCH", `/transcriptions/${id}`, { channel_names: names });

/** @param {string} id @param {string} name @returns {Promise<Transcription>} */
export const renameTranscription = (id, name) => send("PATCH", `/transcriptions/${id}`, { name });

/** @param {string} id @returns {Promise<Transcription>} */
export const cancelTranscription = (id) => send("POST", `/transcriptions/${id}/cancel`);

/** @param {string} id @returns {Promise<Transcription>} */
export const retryTranscription = (id) => send("POST", `/transcriptions/${id}/retry`);

/** @param {string} id @param {Partial<RecognitionOptions>} options @returns {Promise<Transcription>} */
export const retranscribe = (id, options) => send("POST", `/transcriptions/${id}/again`, options);

/** What rules would change. @param {string} id @param {string} rules @returns {Promise<ReplacementTrial>} */
export const tryReplacements = (id, rules) => send("POST", `/transcriptions/${id}/replacements`, { rules });

/**
 * Have stretches read once more, and wait for it.
 *
 * @param {string} id @param {{start: number, end: number, channel: number | null}[]} stretches @param {Record<string, unknown>} options
 * @returns {Promise<RereadAnswer>}
 */
export const rereadStretches = (id, stretches, options) =>
  send("POST", `/transcriptions/${id}/reread`, { stretches, options });

/** Who spoke when; empty where speakers were not told apart. @param {string} id @returns {Promise<Speakers>} */
export const getSpeakers = (id) => send("GET", `/transcriptions/${id}/speakers`);

/** Have the speakers of an ended transcription told apart. @param {string} id @param {string} speakers @returns {Promise<Transcription>} */
export const findSpeakers = (id, speakers) => send("POST", `/transcriptions/${id}/speakers`, { speakers });

/** @param {string} id @param {number} speaker @param {string} name @returns {Promise<Speakers>} */
export const nameSpeaker = (id, speaker, name) => send("PATCH", `/transcriptions/${id}/speakers/${speaker}`, { name });

/** @param {string} id @param {number} speaker @param {number} into @returns {Promise<Speakers>} */
export const mergeSpeaker = (id, speaker, into) =>
  send("POST", `/transcriptions/${id}/speakers/${speaker}/merge`, { into });

/** @param {string} id @param {number} speaker @param {number} since @returns {Promise<Speakers>} */
export const splitSpeaker = (id, speaker, since) =>
  send("POST", `/transcriptions/${id}/speakers/${speaker}/split`, { since });

/** @param {string} id @param {{start: number, end: number, speaker: number}} turn @returns {Promise<Speakers>} */
export const putTurn = (id, turn) => send("PUT", `/transcriptions/${id}/speakers/turns`, turn);

/** @param {string} id @returns {Promise<Edits>} what was cut */
export const partParagraphs = (id) => send("POST", `/transcriptions/${id}/edits/by-speaker`);

/** The turns of which it is least sure who speaks. @param {string} id @returns {Promise<{turns: DoubtfulTurn[]}>} */
export const getDoubts = (id) => send("GET", `/transcriptions/${id}/speakers/doubts`);

/** @param {string} id @param {{start: number, end: number, labelled: number, speaker: number}} turn @returns {Promise<Speakers>} */
export const decideTurn = (id, turn) => send("POST", `/transcriptions/${id}/speakers/decisions`, turn);

/** Take the latest correction of speakers back. @param {string} id @returns {Promise<Speakers>} */
export const undoSpeakers = (id) => send("POST", `/transcriptions/${id}/speakers/undo`);

/** @param {string} id @returns {Promise<void>} */
export const deleteTranscription = (id) => send("DELETE", `/transcriptions/${id}`);

/** @param {string} id @returns {Promise<{findings: Finding[]}>} */
export const getFindings = (id) => send("GET", `/transcriptions/${id}/findings`);

/** @returns {Promise<{model: Model}>} */
export const getSystem = () => send("GET", "/system");

/**
 * Return what a person should read about `error`, whatever it is.
 *
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  if (error instanceof Refusal) return error.problem;
  return {
    code: "no_connection",
    message: t("The server cannot be reached."),
    advice: t("Check that it is running and that you are connected, then try again."),
  };
}

/**
 * Return the problem in an answer that is not a success.
 *
 * @param {number} status
 * @param {string} body
 * @returns {Problem}
 */
export function problemIn(status, body) {
  try {
    return JSON.parse(body).error;
  } catch {
    const advice = t("A proxy before the server may have its own limits; ask your administrator.");
    return { code: `http_${status}`, message: t("The server answered with status {status}.", { status }), advice };
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export async function send(method, path, body) {
  const response = await request(method, path, body);
  return response.status === 204 ? undefined : response.json();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Response>} a success
 */
export async function request(method, path, body) {
  const headers = { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) };
  const response = await noted(method, api(path), { method, headers, body: body ? JSON.stringify(body) : undefined });
  if (!response.ok) throw new Refusal(problemIn(response.status, await response.text()), response.status);
  return response;
}

/**
 * Send a request, and let the journal know what became of it.
 *
 * @param {string} method
 * @param {string} address
 * @param {RequestInit} options
 */
async function noted(method, address, options) {
  try {
    const response = await fetch(address, options);
    noteRequest(method, address, response.status, response.headers.get("x-request-id"));
    return response;
  } catch (error) {
    noteRequest(method, address, 0, null);
    throw error;
  }
}
