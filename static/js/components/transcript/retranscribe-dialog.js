import { retranscribe } from "../../api/client.js";
import { url } from "../../lib/address.js";
import { find } from "../../lib/dom.js";
import { submitDialog } from "../common/form-dialog.js";

/** Let the person have the recording recognised once more; it leads to the new transcription. @param {string} id */
export async function retranscribeInDialog(id) {
  await submitDialog(find(document, "#retranscribe", HTMLDialogElement), "retranscribe", async (form) => {
    const job = await retranscribe(id, optionsOf(form));
    location.assign(url(`/transcriptions/${job.id}`));
  });
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
