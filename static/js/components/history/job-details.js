/** @import { FullTranscription } from "../../api/types.js" */
import { getTranscription, problemOf } from "../../api/client.js";
import { create, find, onAction } from "../../lib/dom.js";
import { clock, filesize } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { moment } from "../../lib/moment.js";

/**
 * Open and close what is known of a row beside its text; it is asked for when it is opened.
 *
 * @param {HTMLElement} results
 */
export function jobDetails(results) {
  onAction(results, (action, button) => {
    const row = button.closest("[data-job]");
    if (action === "details" && row instanceof HTMLElement) void toggle(row, button);
  });
}

/** @param {HTMLElement} row @param {HTMLElement} button */
async function toggle(row, button) {
  const list = find(row, "[data-details]", HTMLElement);
  const opens = list.hidden;
  button.ariaExpanded = String(opens);
  list.hidden = !opens;
  if (!opens) return;
  if (!list.childElementCount) list.append(pair(t("Details"), t("Loading …")));
  try {
    const job = await getTranscription(row.dataset.job ?? "");
    list.replaceChildren(...facts(job).map(([name, value]) => pair(name, value)));
  } catch (error) {
    list.replaceChildren(pair(t("Details"), problemOf(error).message));
  }
}

/** @param {FullTranscription} job @returns {[string, string][]} */
function facts(job) {
  /** @type {[string, string | null][]} */
  const all = [
    [t("Came in"), `${moment(job.created_at)} · ${label("source", job.source)}`],
    [t("Finished"), job.finished_at && moment(job.finished_at)],
    [t("Took"), workTime(job)],
    [t("Length"), job.duration === null ? null : clock(job.duration)],
    [t("File size"), filesize(job.size_bytes)],
    [t("Model"), job.model && [job.model, job.device].filter(Boolean).join(" · ")],
    [t("Quality"), label("quality", job.options.quality)],
    [t("Hotwords"), job.options.hotwords.join(", ")],
    [t("Pieces"), job.segments.length ? String(job.segments.length) : null],
    [t("Confidence"), job.confidence === null ? null : `${Math.round(job.confidence * 100)}%`],
    [t("Notes"), job.warnings.join(" ")],
  ];
  return all.flatMap(([name, value]) => (value ? [/** @type {[string, string]} */ ([name, value])] : []));
}

/** From the start of the work to its end, and how that compares with the length. @param {FullTranscription} job */
function workTime({ started_at, finished_at, duration }) {
  if (!started_at || !finished_at) return null;
  const seconds = (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
  if (!duration) return clock(seconds);
  return `${clock(seconds)} · RTF ${(seconds / duration).toFixed(2)}`;
}

/** @param {string} name @param {string} value */
function pair(name, value) {
  return create("div", {}, create("dt", {}, name), create("dd", {}, value));
}
