import { retranscribe } from "../../api/client.js";
import { url } from "../../lib/address.js";
import { find } from "../../lib/dom.js";
import { submitDialog } from "../common/form-dialog.js";
import { switchesIn } from "../recognition/option-switches.js";

/** Let the person have the recording recognised once more; it leads to the new transcription. @param {string} id */
export async function retranscribeInDialog(id) {
  const dialog = find(document, "#retranscribe", HTMLDialogElement);
  await submitDialog(dialog, "retranscribe", async (form) => {
    const job = await retranscribe(id, { ...chosenIn(form), ...switchesIn(dialog) });
    location.assign(url(`/transcriptions/${job.id}`));
  });
}

/** @param {FormData} form @returns {Record<string, string | number>} what is no switch, by the names of the API */
function chosenIn(form) {
  const entries = [...form].filter(([, value]) => typeof value === "string");
  return Object.fromEntries(entries.map(([name, value]) => [name, name === "track" ? Number(value) : String(value)]));
}
