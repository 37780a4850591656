import { problemOf } from "../../api/client.js";
import { find } from "../../lib/dom.js";
import { showError } from "../common/problem-box.js";

/**
 * Send a small form; it is emptied when that went well, and says what is wrong otherwise.
 *
 * @param {HTMLFormElement} form
 * @param {(values: FormData) => Promise<unknown>} add
 */
export function addModel(form, add) {
  const button = find(form, "button", HTMLButtonElement);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    showError(form, null);
    button.disabled = true;
    try {
      await add(new FormData(form));
      form.reset();
    } catch (error) {
      showError(form, problemOf(error));
    } finally {
      button.disabled = false;
    }
  });
}
