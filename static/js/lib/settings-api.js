/** @import { Model, Problem } from "./types.js" */
import { send } from "./api.js";

/**
 * What the REST API says about settings; the words are those of /docs.
 *
 * @typedef {boolean | number | string | null} Value
 *
 * @typedef {object} SettingItem
 * @property {string} name
 * @property {Value} value
 * @property {"option" | "environment" | "page" | "default"} origin
 * @property {boolean} waits_for_restart
 *
 * @typedef {object} Settings
 * @property {{settings: SettingItem[]}[]} groups
 * @property {boolean} is_reloading
 * @property {{problem: Problem} | null} taken_back
 * @property {Model} model
 *
 * @typedef {{database_bytes: number, recordings_bytes: number, vad_bytes: number, logs_bytes: number, models_bytes: number, free_bytes: number}} Storage
 */

/** @typedef {{name: string, label: string, is_usable: boolean, is_in_use: boolean, reason: string}} Device */

/** @param {boolean} again @returns {Promise<{devices: Device[]}>} */
export const getDevices = (again) => send("GET", `/system/devices?again=${again}`);

/** @returns {Promise<Settings>} */
export const getSettings = () => send("GET", "/settings");

/** @param {Record<string, Value>} values @returns {Promise<Settings>} */
export const changeSettings = (values) => send("PATCH", "/settings", { values });

/** @returns {Promise<Storage>} */
export const getStorage = () => send("GET", "/settings/storage");

/** @returns {Promise<{device: string | null, freed_bytes: number}>} */
export const clearCache = () => send("POST", "/system/model/clear-cache");
