/** @import { Needs, SoundEvents } from "../../api/types.js" */
import { buttonOf, create, field, find, slotOf, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { installingLine } from "../common/installing.js";

/**
 * Say what the bands under the waveform are and how long each kind sounds; or why there are none, and how to have them.
 *
 * @param {HTMLElement} page
 * @param {SoundEvents} events
 */
export function showSounds(page, { state, totals, needs }) {
  showKey(page, totals);
  const note = noteOf(state);
  write(page, "sounds-note", note);
  field(page, "sounds-note").hidden = !note;
  showNeeds(page, needs);
}

/** Offer the installation and show how far it is. @param {HTMLElement} page @param {Needs | null} needs */
function showNeeds(page, needs) {
  const box = slotOf(page, "sounds-install");
  box.hidden = !needs;
  if (!needs) return;
  const isByHand = !needs.can_install || Boolean(needs.problem);
  buttonOf(box, "install-sounds").hidden = needs.is_running || !needs.can_install;
  slotOf(box, "sounds-by-hand").hidden = needs.is_running || !isByHand;
  write(box, "sounds-obstacle", needs.problem?.message ?? needs.obstacle);
  write(box, "sounds-command", needs.command);
  field(box, "sounds-installing").hidden = !needs.is_running;
  write(box, "sounds-installing", needs.is_running ? installingLine(needs) : "");
  find(box, "progress", HTMLProgressElement).hidden = !needs.is_running;
}

/** Name the bands, if there are any. @param {HTMLElement} page @param {SoundEvents["totals"]} totals */
export function showKey(page, totals) {
  const key = slotOf(page, "sound-key");
  key.hidden = !totals.length;
  key.replaceChildren(...totals.map(({ kind, seconds }) => kindOf(kind, seconds)));
}

/** @param {string} kind @param {number} seconds */
function kindOf(kind, seconds) {
  const length = seconds < 60 ? t("{seconds} s", { seconds: seconds.toFixed(1) }) : clock(seconds);
  const item = create("li", { className: "sound-key__kind" }, `${label("sound_kind", kind)} ${length}`);
  item.dataset.kind = kind;
  return item;
}

/** @param {SoundEvents["state"]} state */
function noteOf(state) {
  if (state === "waiting") return t("Listening for music and singing …");
  if (state === "failed") return t("Music and singing could not be looked for; the log says why.");
  return "";
}
