/** @import { Comparison } from "./types.js" */
import { send } from "./client.js";
import { sendForm } from "./transfer.js";

/** @param {string} id */
const address = (id) => `/comparisons/${encodeURIComponent(id)}`;

/** @param {string} id @returns {Promise<Comparison>} */
export const getComparison = (id) => send("GET", address(id));

/** @param {string} id @param {string} reference @returns {Promise<Comparison>} */
export const setReference = (id, reference) => send("PUT", `${address(id)}/reference`, { reference });

/** @param {string} id @returns {Promise<Comparison>} */
export const cancelComparison = (id) => send("POST", `${address(id)}/cancel`);

/** @param {string} id @returns {Promise<void>} */
export const deleteComparison = (id) => send("DELETE", address(id));

/** @param {FormData} form @param {(percent: number) => void} onProgress @returns {Promise<Comparison>} */
export const beginComparison = (form, onProgress) => sendForm("/comparisons", form, onProgress);
