/** @import { Transcription } from "../../api/types.js" */
import { renameTranscription } from "../../api/client.js";
import { find } from "../../lib/dom.js";
import { submitDialog } from "../common/form-dialog.js";

/**
 * Let the person give a transcription another name.
 *
 * @param {string} id
 * @param {string} name the present one
 * @returns {Promise<Transcription | null>} null where it keeps its name
 */
export async function renameInDialog(id, name) {
  const dialog = find(document, "#rename", HTMLDialogElement);
  const input = find(dialog, "input", HTMLInputElement);
  /** @type {Transcription | null} */
  let renamed = null;
  input.value = name;
  const isOver = submitDialog(dialog, "save", async () => {
    renamed = await renameTranscription(id, input.value.trim());
  });
  input.select();
  await isOver;
  return renamed;
}
