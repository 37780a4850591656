import { showError } from "./problem-box.js";
import { problemOf } from "../../api/client.js";
import { openDialog } from "../../lib/dialog.js";

/**
 * Open a dialog with a form and resolve to whether it was done. `work` does what the button with this value promises;
 * where it fails, the dialog stays open and says why.
 *
 * @param {HTMLDialogElement} dialog
 * @param {string} value of the button that means yes
 * @param {(form: FormData) => Promise<unknown>} [work]
 * @returns {Promise<boolean>}
 */
export async function submitDialog(dialog, value, work) {
  if (dialog.querySelector('[data-field="error"]')) showError(dialog, null);
  const listening = new AbortController();
  dialog.addEventListener("submit", (event) => void onSubmit(event), listening);
  const answer = await openDialog(dialog);
  listening.abort();
  return answer === value;

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    const button = event.submitter;
    if (!work || !(button instanceof HTMLButtonElement) || button.value !== value) return;
    event.preventDefault();
    button.disabled = true;
    try {
      await work(new FormData(/** @type {HTMLFormElement} */ (event.target)));
      dialog.close(value);
    } catch (error) {
      showError(dialog, problemOf(error));
    } finally {
      button.disabled = false;
    }
  }
}
