/** @import { LogPage } from "./types.js" */
import { api } from "../lib/address.js";
import { send } from "./client.js";

/** @param {URLSearchParams} filter @param {string} [after] a place; without it the newest @returns {Promise<LogPage>} */
export function readLog(filter, after = "") {
  const wanted = new URLSearchParams(filter);
  if (after) wanted.set("after", after);
  return send("GET", `/logs?${wanted}`);
}

/** @param {URLSearchParams} filter */
export const downloadAddress = (filter) => api(`/logs/download?${filter}`);
