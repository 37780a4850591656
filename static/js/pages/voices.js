/** @import { KnownVoice } from "../api/types.js" */
import { changeVoice, deleteVoice, getVoices, importVoices } from "../api/speakers/voices.js";
import { submitDialog } from "../components/common/form-dialog.js";
import { attempts } from "../components/common/attempts.js";
import { startPage } from "../components/common/page.js";
import { url } from "../lib/address.js";
import { buttonOf, copyOf, field, find, onAction, slotOf, write } from "../lib/dom.js";
import { t } from "../lib/messages.js";
import { moment } from "../lib/moment.js";

startPage();
const root = find(document, "[data-voices]", HTMLElement);
const list = find(root, "[data-list]", HTMLElement);
const file = find(root, "[data-import]", HTMLInputElement);
/** @type {KnownVoice[]} */
let voices = [];
const attempt = attempts(root, async () => show(await getVoices()));

list.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && target.reportValidity()) void attempt(() => change(target));
});
file.addEventListener("change", () => void attempt(bring));
buttonOf(root, "import").addEventListener("click", () => file.click());
onAction(list, (action, button) => {
  const voice = voices.find(({ id }) => id === button.closest("li")?.dataset.id);
  if (action === "delete" && voice) void attempt(() => askToDelete(voice));
});
void attempt(async () => {});

/** @param {{voices: KnownVoice[], is_on: boolean, model: string | null}} found */
function show(found) {
  const isSame = JSON.stringify(found.voices) === JSON.stringify(voices);
  voices = found.voices;
  slotOf(root, "off").hidden = found.is_on;
  slotOf(root, "no-model").hidden = !found.is_on || found.model !== null;
  slotOf(root, "export").hidden = voices.length === 0;
  slotOf(root, "none").hidden = voices.length > 0;
  buttonOf(root, "import").hidden = !found.is_on;
  if (!isSame) list.replaceChildren(...voices.map((voice) => itemOf(voice, found.is_on)));
}

/** @param {KnownVoice} voice @param {boolean} isOn */
function itemOf(voice, isOn) {
  const item = copyOf("voice-template");
  item.dataset.id = voice.id;
  for (const name of /** @type {const} */ (["name", "purpose"])) {
    const input = find(item, `[name="${name}"]`, HTMLInputElement);
    input.value = voice[name];
    input.disabled = !isOn;
  }
  write(item, "consent", voice.consent_by);
  write(item, "moment", moment(voice.created_at));
  field(item, "stale").hidden = voice.is_comparable;
  const recording = field(item, "recording");
  recording.hidden = !voice.transcription_id;
  if (voice.transcription_id) recording.setAttribute("href", url(`/transcriptions/${voice.transcription_id}`));
  buttonOf(item, "delete").ariaLabel = t("Delete the voice of {name}", { name: voice.name });
  return item;
}

/** @param {HTMLInputElement} input */
async function change(input) {
  const item = input.closest("li");
  if (!item) return;
  const value = (/** @type {string} */ name) => find(item, `[name="${name}"]`, HTMLInputElement).value;
  const changed = await changeVoice(item.dataset.id ?? "", { name: value("name"), purpose: value("purpose") });
  voices = voices.map((voice) => (voice.id === changed.id ? changed : voice)); // the focus stays where it is
}

/** @param {KnownVoice} voice */
async function askToDelete(voice) {
  const dialog = find(document, "#delete-voice", HTMLDialogElement);
  write(dialog, "name", voice.name);
  await submitDialog(dialog, "delete", () => deleteVoice(voice.id));
}

async function bring() {
  const chosen = file.files?.[0];
  if (!chosen) return;
  write(root, "note", "");
  let content;
  try {
    content = JSON.parse(await chosen.text());
  } catch {
    write(root, "note", t("This file does not hold exported voices."));
    return;
  } finally {
    file.value = "";
  }
  const { count } = await importVoices(content);
  write(root, "note", t("Voices added: {count}", { count }));
}
