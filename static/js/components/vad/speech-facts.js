/** @import { Analysis, Speech, VadOptions } from "../../api/types.js" */
import { readerOf } from "../../lib/reader.js";
import { queryOf } from "../../api/vad.js";
import { api } from "../../lib/address.js";
import { create, field, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

/**
 * Show how much speech there is, how much was left out, and how many texts have come.
 *
 * @param {HTMLElement} page
 * @param {Analysis} analysis
 * @param {Speech} speech
 */
export function showFacts(page, { duration, channels }, speech) {
  const facts = [clock(duration ?? 0), amountOf(speech.speech_seconds, duration ?? 0)];
  if ((channels ?? 1) > 1) facts.push(t("{count} channels, heard as one", { count: channels ?? 1 }));
  write(page, "facts", facts.join(" · "));
  write(page, "speech-tab", t("Speech ({count})", { count: speech.total }));
  const missing = speech.missing.rules.reduce((sum, { count }) => sum + count, 0);
  write(page, "missing-tab", t("Left out ({count})", { count: missing }));
  const advice = field(page, "no-speech");
  advice.textContent = speech.advice;
  advice.hidden = !speech.advice;
  write(page, "texts-progress", textsProgress(speech));
}

/** @param {HTMLElement} page @param {string} id @param {VadOptions} options @param {boolean} hasTexts */
export function showExports(page, id, options, hasTexts) {
  for (const link of page.querySelectorAll("[data-export]")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    const format = link.dataset.export ?? "";
    link.href = api(`/vad/${id}/export?${queryOf({ format, ...readerOf(), ...options })}`);
    const isOff = format === "srt" && !hasTexts;
    link.ariaDisabled = String(isOff);
    link.tabIndex = isOff ? -1 : 0;
  }
}

/** @param {HTMLElement} slot @param {string[]} warnings */
export function showWarnings(slot, warnings) {
  slot.replaceChildren(...warnings.map((text) => create("p", { className: "soft small" }, text)));
}

/** @param {number} seconds of speech @param {number} duration */
function amountOf(seconds, duration) {
  const percent = Math.round((100 * seconds) / (duration || 1));
  if (seconds < 60) return t("{seconds} s of speech ({percent}%)", { seconds: seconds.toFixed(1), percent });
  return t("{time} of speech ({percent}%)", { time: clock(seconds), percent });
}

/** @param {Speech} speech */
function textsProgress({ texts_done: done, texts_waiting: waiting, total }) {
  return done || waiting ? t("{done} of {total} pieces", { done, total }) : "";
}
