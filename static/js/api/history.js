/** @import { Deletion, Statistics, Transcription } from "./types.js" */
import { download } from "../lib/download.js";
import { ownZone, readerOf } from "../lib/reader.js";
import { request, send } from "./client.js";

export const MAX_IDS_PER_REQUEST = 1000; // ids in one request

/** @param {string[]} ids @returns {Promise<Deletion>} */
export const deleteAll = (ids) => send("POST", "/history/delete", { ids });

/** @param {URLSearchParams} filters @returns {Promise<Deletion>} */
export const clearHistory = (filters) => send("POST", `/history/clear?${filters}`, { confirm: true });

/** @param {string} undo @returns {Promise<{count: number}>} */
export const undoDeletion = (undo) => send("POST", "/trash/undo", { undo });

/** @param {string} id @returns {Promise<Transcription>} */
export const restoreOne = (id) => send("POST", `/trash/${id}/restore`);

/** @param {string[]} ids @returns {Promise<{count: number}>} */
export const restoreAll = (ids) => send("POST", "/trash/restore", { ids });

/** @param {string[]} ids @returns {Promise<{count: number}>} */
export const removeAll = (ids) => send("POST", "/trash/remove", { ids });

/** @returns {Promise<{count: number}>} */
export const emptyTrash = () => send("DELETE", "/trash");

/** @returns {Promise<Statistics>} */
export const getStatistics = () => send("GET", `/history/statistics?zone=${encodeURIComponent(ownZone())}`);

/**
 * Save these as one file.
 *
 * @param {string[]} ids
 * @param {string} format
 */
export async function exportAll(ids, format) {
  const response = await request("POST", `/history/export?${new URLSearchParams(readerOf())}`, { ids, format });
  download(await response.blob(), `transcripts.${format.split(".").pop()}`);
}

/** Names of speakers that begin so. @param {string} beginning @returns {Promise<{names: string[]}>} */
export const getSpeakerNames = (beginning) =>
  send("GET", `/history/speakers?beginning=${encodeURIComponent(beginning)}`);
