/** @import { Reading } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { buttonOf, field, find, write } from "../../lib/dom.js";
import { filesize } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";

/**
 * Show how one reading stands.
 *
 * @param {HTMLElement} card
 * @param {Reading} reading
 * @param {boolean} isBest
 */
export function fillComparisonCard(card, reading, isBest) {
  card.dataset.state = reading.state;
  card.dataset.transcription = reading.transcription;
  card.dataset.model = reading.model;
  card.toggleAttribute("data-best", isBest);
  card.toggleAttribute("data-in-use", reading.is_in_use);
  write(card, "title", reading.title);
  write(card, "state", label("job_state", reading.state));
  field(card, "state").dataset.state = reading.state;
  write(
    card,
    "settings",
    `${label("language", reading.options.language)} · ${label("quality", reading.options.quality)}`,
  );
  write(
    card,
    "kind",
    reading.errors ? { cer: t("Errors (CER)"), wer: t("Errors (WER)") }[reading.errors.kind] : t("Errors"),
  );
  write(card, "errors", reading.errors ? `${(100 * reading.errors.rate).toFixed(1)}%` : "–");
  field(card, "errors").title = reading.errors ? t("{wrong} of {total}", { ...reading.errors }) : "";
  write(card, "speed", reading.real_time_factor ? speed(reading.real_time_factor) : "–");
  write(card, "memory", reading.memory_bytes ? filesize(reading.memory_bytes) : "–");
  showProgress(find(card, "progress", HTMLProgressElement), reading);
  write(card, "problem", reading.error ? `${reading.error.message} ${reading.error.advice}` : "");
  field(card, "problem").hidden = !reading.error;
  field(card, "best").hidden = !isBest;
  field(card, "in-use").hidden = !reading.is_in_use;
  buttonOf(card, "use").classList.toggle("button--primary", isBest);
  write(card, "use", t("Use {name}", { name: reading.title }));
  find(card, '[data-field="open"]', HTMLAnchorElement).href = url(`/transcriptions/${reading.transcription}`);
}

/** @param {HTMLProgressElement} bar @param {Reading} reading */
function showProgress(bar, { state, progress }) {
  if (state === "running" && progress.stage !== "recognizing") bar.removeAttribute("value");
  else bar.value = progress.percent;
}

/** Say how much sound is read in a second. @param {number} factor */
function speed(factor) {
  const times = 1 / factor;
  return t("{times}× real time", { times: times >= 10 ? Math.round(times) : times.toFixed(1) });
}
