/** @import { LogPage } from "./types.js" */
import { api } from "../lib/address.js";
import { send } from "./client.js";

/** @param {URLSearchParams} filter @param {string} [after] a place; without it the newest @returns {Promise<LogPage>} */
export function readLog(filter, after = "") {
  const query = new URLSearchParams(filter);
  if (after) query.set("after", after);
  return send("GET", `/logs?${query}`);
}

/** @param {URLSearchParams} filter */
export const downloadAddress = (filter) => api(`/logs/download?${filter}`);
