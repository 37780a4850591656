/** @import { Model, ModelItem } from "./types.js" */
import { send } from "./client.js";

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
