import { api } from "./address.js";
import { send } from "./api.js";

/**
 * @typedef {{name: string, what: string, size: number, is_estimate: boolean, content: string, is_whole: boolean}} CaseFile
 * @typedef {{files: CaseFile[], redactions: {rule: string, what: string, count: number}[], note: string}} CasePreview
 * @typedef {{audio: string, keepNames: boolean, browser: string}} CaseChoice
 */

/** @param {string} place below /api/v1 @param {CaseChoice} choice @returns {Promise<CasePreview>} */
export const previewCase = (place, choice) => send("GET", `${place}/preview?${query(choice)}`);

/** @param {string} place @param {CaseChoice} choice */
export const caseAddress = (place, choice) => api(`${place}?${query(choice)}`);

/** @param {CaseChoice} choice */
function query({ audio, keepNames, browser }) {
  return new URLSearchParams({ audio, keep_names: String(keepNames), browser });
}
