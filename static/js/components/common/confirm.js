import { openDialog } from "../../lib/dialog.js";
import { field, find } from "../../lib/dom.js";

/**
 * Ask the question of a dialog made by the macro `question`; resolves to whether the answer was yes.
 *
 * @param {string} id
 * @param {{title?: string, about?: string}} [words] in place of those that stand there
 * @returns {Promise<boolean>}
 */
export async function confirmed(id, words = {}) {
  const dialog = find(document, `#${id}`, HTMLDialogElement);
  for (const [name, text] of Object.entries(words)) field(dialog, name).textContent = text;
  return (await openDialog(dialog)) === "go";
}
