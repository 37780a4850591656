/** @import { Model, Problem } from "./types.js" */
import { send } from "./api.js";

/**
 * What the REST API says about models; the words are those of /docs.
 *
 * @typedef {object} Pull
 * @property {string} hub
 * @property {"asking" | "downloading" | "unpacking" | "verifying"} phase
 * @property {boolean} is_running
 * @property {number} done_bytes
 * @property {number | null} total_bytes
 *
 * @typedef {object} ModelItem
 * @property {string} name
 * @property {string} title
 * @property {"in_use" | "switching" | "ready" | "damaged" | "pulling" | "stopped" | "available"} state
 * @property {number | null} size_bytes
 * @property {boolean} size_is_estimate
 * @property {boolean} is_linked
 * @property {Pull | null} pull
 * @property {Needs | null} needs
 * @property {Problem | null} problem
 *
 * @typedef {object} Needs  packages that are not installed
 * @property {string[]} packages
 * @property {number} megabytes
 * @property {boolean} can_install
 * @property {string} obstacle
 * @property {string} command
 * @property {boolean} is_running
 * @property {number} done
 * @property {number} total
 * @property {string} current
 * @property {Problem | null} problem
 */

/** @param {string} name */
const address = (name) => `/models/${encodeURIComponent(name)}`;

/** @param {string} name @param {string | undefined} hub @returns {Promise<ModelItem>} */
export const pullModel = (name, hub) => send("POST", `${address(name)}/pull`, hub ? { hub } : {});

/** @param {string} id @param {string} hub @returns {Promise<ModelItem>} */
export const pullFromHub = (id, hub) => send("POST", "/models/pull", { id, hub });

/** @param {string} name @returns {Promise<ModelItem>} */
export const cancelPull = (name) => send("POST", `${address(name)}/cancel`);

/** @param {string} name @returns {Promise<{has_checksums: boolean}>} */
export const verifyModel = (name) => send("POST", `${address(name)}/verify`);

/** @param {string} name @returns {Promise<ModelItem>} */
export const chooseModel = (name) => send("POST", `${address(name)}/use`);

/** @param {string} name @returns {Promise<ModelItem>} */
export const installNeeds = (name) => send("POST", `${address(name)}/install`);

/** @param {string} name @returns {Promise<void>} */
export const removeModel = (name) => send("DELETE", address(name));

/** @param {string} path @returns {Promise<ModelItem>} */
export const addFolder = (path) => send("POST", "/models/folders", { path });

/** @param {"load" | "unload"} action @returns {Promise<Model>} */
export const changeMemory = (action) => send("POST", `/system/model/${action}`);
