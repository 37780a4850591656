/** @import { Replay } from "./types.js" */
import { send } from "./client.js";
import { sendForm } from "./transfer.js";

/** @param {string} id @returns {Promise<Replay>} */
export const getReplay = (id) => send("GET", `/replay/${encodeURIComponent(id)}`);

/** @param {string} id @returns {Promise<void>} */
export const deleteReplay = (id) => send("DELETE", `/replay/${encodeURIComponent(id)}`);

/**
 * @param {File} file of a case
 * @param {FormData} changes
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<{id: string}>}
 */
export function startReplay(file, changes, onProgress, signal) {
  changes.append("file", file, file.name);
  return sendForm("/replay", changes, onProgress, signal);
}
