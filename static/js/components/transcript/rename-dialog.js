/** @import { Transcription } from "../../api/types.js" */
import { problemOf, renameTranscription } from "../../api/client.js";
import { find } from "../../lib/dom.js";
import { showError } from "../common/problem-box.js";

/** The dialog that gives a transcription another name. */
export class RenameDialog {
  #dialog = find(document, "#rename", HTMLDialogElement);
  #id;
  #renamed;

  /**
   * @param {string} id
   * @param {(job: Transcription) => void} renamed
   */
  constructor(id, renamed) {
    this.#id = id;
    this.#renamed = renamed;
    this.#dialog.addEventListener("submit", (event) => void this.#onSubmit(event));
  }

  /** @param {string} name the present one */
  open(name) {
    this.#input.value = name;
    showError(this.#dialog, null);
    this.#dialog.showModal();
    this.#input.select();
  }

  // Internal

  get #input() {
    return find(this.#dialog, "input", HTMLInputElement);
  }

  /** @param {SubmitEvent} event */
  async #onSubmit(event) {
    const isSaved = !(event.submitter instanceof HTMLButtonElement) || event.submitter.value === "save";
    if (!isSaved) return;
    event.preventDefault();
    try {
      this.#renamed(await renameTranscription(this.#id, this.#input.value.trim()));
      this.#dialog.close();
    } catch (error) {
      showError(this.#dialog, problemOf(error));
    }
  }
}
