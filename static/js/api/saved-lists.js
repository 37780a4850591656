/** @import { SavedList } from "./types.js" */
import { send } from "./client.js";

/** How a kind of list is reached, and what the API calls its lines. */
const KINDS = {
  hotwords: { path: "hotword-lists", field: "words" },
  replacements: { path: "replacement-lists", field: "rules" },
};

/** @typedef {keyof typeof KINDS} ListKind */

/** @param {ListKind} kind @returns {Promise<SavedList[]>} */
export async function getLists(kind) {
  const { lists } = await send("GET", `/${KINDS[kind].path}`);
  return lists.map((/** @type {Record<string, unknown>} */ list) => read(kind, list));
}

/** @param {ListKind} kind @param {string} name @param {string} text @returns {Promise<SavedList>} */
export async function createList(kind, name, text) {
  const { path, field } = KINDS[kind];
  return read(kind, await send("POST", `/${path}`, { name, [field]: text }));
}

/** @param {ListKind} kind @param {string} id @param {string} name @param {string} text @returns {Promise<void>} */
export function replaceList(kind, id, name, text) {
  const { path, field } = KINDS[kind];
  return send("PUT", `/${path}/${encodeURIComponent(id)}`, { name, [field]: text });
}

/** @param {ListKind} kind @param {string} id @returns {Promise<void>} */
export const deleteList = (kind, id) => send("DELETE", `/${KINDS[kind].path}/${encodeURIComponent(id)}`);

/** @param {ListKind} kind @param {Record<string, unknown>} list @returns {SavedList} */
function read(kind, list) {
  return {
    id: String(list.id),
    name: String(list.name),
    count: Number(list.count),
    text: String(list[KINDS[kind].field]),
  };
}
