import { url } from "../../lib/address.js";
import { problemOf, recogniseAgain } from "../../api/client.js";
import "../../lib/dialog.js";
import { find } from "../../lib/dom.js";
import { complain } from "../common/problem-box.js";

/**
 * The dialog that has the recording recognised once more; it leads to the new transcription.
 *
 * @param {string} id
 * @returns {() => void} opens it
 */
export function againDialog(id) {
  const dialog = find(document, "#again", HTMLDialogElement);
  const form = find(dialog, "form", HTMLFormElement);
  form.addEventListener("submit", (event) => void onSubmit(event));
  return () => {
    complain(dialog, null);
    dialog.showModal();
  };

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement) || button.value !== "again") return;
    event.preventDefault();
    button.disabled = true;
    try {
      const job = await recogniseAgain(id, wanted(new FormData(form)));
      location.assign(url(`/transcriptions/${job.id}`));
    } catch (error) {
      complain(dialog, problemOf(error));
      button.disabled = false;
    }
  }
}

/** @param {FormData} chosen */
function wanted(chosen) {
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
