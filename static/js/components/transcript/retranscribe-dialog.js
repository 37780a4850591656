import { url } from "../../lib/address.js";
import { problemOf, retranscribe } from "../../api/client.js";
import "../../lib/dialog.js";
import { find } from "../../lib/dom.js";
import { showError } from "../common/problem-box.js";

/**
 * The dialog that has the recording recognised once more; it leads to the new transcription.
 *
 * @param {string} id
 * @returns {() => void} opens it
 */
export function retranscribeDialog(id) {
  const dialog = find(document, "#retranscribe", HTMLDialogElement);
  const form = find(dialog, "form", HTMLFormElement);
  form.addEventListener("submit", (event) => void onSubmit(event));
  return () => {
    showError(dialog, null);
    dialog.showModal();
  };

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement) || button.value !== "retranscribe") return;
    event.preventDefault();
    button.disabled = true;
    try {
      const job = await retranscribe(id, optionsOf(new FormData(form)));
      location.assign(url(`/transcriptions/${job.id}`));
    } catch (error) {
      showError(dialog, problemOf(error));
      button.disabled = false;
    }
  }
}

/** @param {FormData} chosen */
function optionsOf(chosen) {
  return {
    language: String(chosen.get("language")),
    quality: String(chosen.get("quality")),
    hotwords: String(chosen.get("hotwords")),
    itn: chosen.has("itn"),
    punctuation: chosen.has("punctuation"),
    channels: String(chosen.get("channels")),
    ...(chosen.has("model") ? { model: String(chosen.get("model")) } : {}),
  };
}
