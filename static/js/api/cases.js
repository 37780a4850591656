/** @import { CasePreview } from "./types.js" */
import { api } from "../lib/address.js";
import { send } from "./client.js";

/** @typedef {{audio: string, keepNames: boolean, keepText: boolean, browser: string}} CaseChoice */

/** @param {string} place below /api/v1 @param {CaseChoice} choice @returns {Promise<CasePreview>} */
export const previewCase = (place, choice) => send("GET", `${place}/preview?${query(choice)}`);

/** @param {string} place @param {CaseChoice} choice */
export const caseAddress = (place, choice) => api(`${place}?${query(choice)}`);

/** @param {CaseChoice} choice */
function query({ audio, keepNames, keepText, browser }) {
  return new URLSearchParams({ audio, keep_names: String(keepNames), keep_text: String(keepText), browser });
}
