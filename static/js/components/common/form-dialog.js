import { complain } from "./problem-box.js";
import { problemOf } from "../../api/client.js";
import { answerOf } from "../../lib/dialog.js";

/**
 * Open a dialog with a form and resolve to whether it was done. `work` does what the button with this value promises;
 * where it fails, the dialog stays open and says why.
 *
 * @param {HTMLDialogElement} dialog
 * @param {string} value of the button that means yes
 * @param {(form: FormData) => Promise<unknown>} [work]
 * @returns {Promise<boolean>}
 */
export async function ask(dialog, value, work) {
  if (dialog.querySelector('[data-field="complaint"]')) complain(dialog, null);
  const listening = new AbortController();
  dialog.addEventListener("submit", (event) => void onSubmit(event), listening);
  const answer = await answerOf(dialog);
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
      complain(dialog, problemOf(error));
    } finally {
      button.disabled = false;
    }
  }
}
