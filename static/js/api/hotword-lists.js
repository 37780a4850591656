/** @import { HotwordList } from "./types.js" */
import { send } from "./client.js";

/** @returns {Promise<{lists: HotwordList[]}>} */
export const getLists = () => send("GET", "/hotword-lists");

/** @param {string} name @param {string} words @returns {Promise<HotwordList>} */
export const createList = (name, words) => send("POST", "/hotword-lists", { name, words });

/** @param {string} id @param {string} name @param {string} words @returns {Promise<HotwordList>} */
export const replaceList = (id, name, words) =>
  send("PUT", `/hotword-lists/${encodeURIComponent(id)}`, { name, words });

/** @param {string} id @returns {Promise<void>} */
export const deleteList = (id) => send("DELETE", `/hotword-lists/${encodeURIComponent(id)}`);
