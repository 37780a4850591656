/** @import { Cluster, Device, SettingItem, Settings, Storage } from "./types.js" */
import { send } from "./client.js";

/** @param {boolean} again @returns {Promise<{devices: Device[]}>} */
export const getDevices = (again) => send("GET", `/system/devices?again=${again}`);

/** @returns {Promise<Cluster>} */
export const getCluster = () => send("GET", "/system/cluster");

/** @returns {Promise<Settings>} */
export const getSettings = () => send("GET", "/settings");

/** @param {Record<string, SettingItem["value"]>} values @returns {Promise<Settings>} */
export const changeSettings = (values) => send("PATCH", "/settings", { values });

/** @returns {Promise<Storage>} */
export const getStorage = () => send("GET", "/settings/storage");

/** @returns {Promise<{device: string | null, freed_bytes: number}>} */
export const clearCache = () => send("POST", "/system/model/clear-cache");

/** How many entries a retention of so many days would move to the trash. @param {number} days @returns {Promise<number>} */
export const expiredAfter = async (days) => (await send("GET", `/settings/retention?days=${days}`)).count;
