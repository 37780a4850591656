import { deleteTranscription, problemOf } from "../lib/api.js";
import { field, find } from "../lib/dom.js";
import { rememberDeletion } from "./deleted-elsewhere.js";
import { complain } from "./problem-box.js";

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
  complain(dialog, null);
  dialog.returnValue = "keep";
  dialog.showModal();
  return new Promise((resolve) => {
    const listening = new AbortController();
    dialog.addEventListener("submit", (event) => deleteOnSubmit(dialog, id, event), listening);
    dialog.addEventListener("close", () => {
      listening.abort();
      resolve(dialog.returnValue === "deleted");
    }, listening);
  });
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {string} id
 * @param {SubmitEvent} event
 */
async function deleteOnSubmit(dialog, id, event) {
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement) || button.value !== "delete") return;
  event.preventDefault();
  button.disabled = true;
  try {
    await deleteTranscription(id);
    rememberDeletion(id, field(dialog, "name").textContent ?? "");
    dialog.close("deleted");
  } catch (error) {
    complain(dialog, problemOf(error));
  } finally {
    button.disabled = false;
  }
}
