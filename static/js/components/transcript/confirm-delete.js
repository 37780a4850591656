import { deleteTranscription } from "../../api/client.js";
import { field, find } from "../../lib/dom.js";
import { submitDialog } from "../common/form-dialog.js";
import { rememberDeletion } from "../history/deletion-undo.js";

/**
 * Ask before the transcription of this page is deleted; resolves to whether it was. The history then offers to take it back.
 *
 * @param {string} id
 * @param {string} name
 * @returns {Promise<boolean>}
 */
export function confirmDelete(id, name) {
  const dialog = find(document, "#confirm-delete", HTMLDialogElement);
  field(dialog, "name").textContent = name;
  return submitDialog(dialog, "delete", async () => {
    await deleteTranscription(id);
    rememberDeletion(id, name);
  });
}
