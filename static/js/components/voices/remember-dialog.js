/** @import { Speakers } from "../../api/types.js" */
import { rememberVoice } from "../../api/speakers/voices.js";
import { create, find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { submitDialog } from "../common/form-dialog.js";

/**
 * Ask whose voice is remembered and who agreed to it, and remember it.
 *
 * @param {string} id of the transcription
 * @param {Speakers} speakers
 * @returns {Promise<string | null>} the name under which it was remembered; null where it was not
 */
export async function rememberInDialog(id, { speakers }) {
  const dialog = find(document, "#remember-voice", HTMLDialogElement);
  const choice = find(dialog, '[name="speaker"]', HTMLSelectElement);
  const name = find(dialog, '[name="name"]', HTMLInputElement);
  find(dialog, "form", HTMLFormElement).reset();
  choice.replaceChildren(
    ...speakers.map((each) =>
      create("option", { value: String(each.speaker) }, each.name || t("Speaker {number}", { number: each.speaker })),
    ),
  );
  const first = speakers.find((each) => each.name) ?? speakers[0];
  choice.value = String(first?.speaker);
  const suggest = () => (name.value = speakers.find((each) => String(each.speaker) === choice.value)?.name ?? "");
  suggest();
  choice.onchange = suggest;
  /** @type {string | null} */
  let remembered = null;
  await submitDialog(dialog, "remember", async (form) => {
    const text = (/** @type {string} */ field) => String(form.get(field)).trim();
    const wanted = { name: text("name"), consent_by: text("consent_by"), purpose: text("purpose") };
    remembered = (await rememberVoice(id, Number(form.get("speaker")), wanted)).name;
  });
  return remembered;
}
