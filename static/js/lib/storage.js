/**
 * Read what the browser keeps under a key; something unreadable counts as nothing.
 *
 * @param {Storage} storage @param {string} key
 * @returns {any} null where there is nothing
 */
export function readJson(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}
