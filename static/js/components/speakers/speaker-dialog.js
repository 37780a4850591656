/** @import { Speakers } from "../../api/types.js" */
import { mergeSpeaker, putTurn, splitSpeaker } from "../../api/client.js";
import { create, find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { submitDialog } from "../common/form-dialog.js";
import { nameOf, speakersBetween } from "./speaker-labels.js";

/**
 * Let the person say who speaks in a paragraph, or from it on.
 *
 * @param {string} id of the transcription
 * @param {HTMLElement} row the paragraph
 * @param {Speakers} speakers as they are now
 * @returns {Promise<Speakers | null>} null where nothing was changed
 */
export async function correctInDialog(id, row, speakers) {
  const dialog = find(document, "#correct-speaker", HTMLDialogElement);
  const start = Number(row.dataset.start);
  const end = Number(row.dataset.end);
  const [present] = speakersBetween(start, end);
  const choice = find(dialog, '[name="speaker"]', HTMLSelectElement);
  const added = Math.max(...speakers.speakers.map((each) => each.speaker)) + 1;
  choice.replaceChildren(
    ...speakers.speakers.map((each) => create("option", { value: String(each.speaker) }, nameOf(each.speaker))),
    create("option", { value: String(added) }, t("Somebody else")),
  );
  choice.value = String(speakers.speakers.find((each) => each.speaker !== present)?.speaker ?? added);
  /** @type {Speakers | null} */
  let corrected = null;
  await submitDialog(dialog, "correct", async (form) => {
    const speaker = Number(form.get("speaker"));
    if (form.get("reach") === "here") corrected = await putTurn(id, { start, end, speaker });
    else if (speaker !== present) corrected = await giveRest(id, present, start, speaker, added);
  });
  return corrected;
}

/** @param {string} id @param {number} present @param {number} since @param {number} speaker @param {number} added the number of a new one */
async function giveRest(id, present, since, speaker, added) {
  const parted = await splitSpeaker(id, present, since);
  return speaker === added ? parted : mergeSpeaker(id, added, speaker);
}
