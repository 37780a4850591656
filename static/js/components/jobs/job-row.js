/** @import { Transcription } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { copyOf, field, find, write } from "../../lib/dom.js";
import { clock, filesize } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { moment } from "../../lib/moment.js";
import { textLine } from "../../lib/wording.js";
import { fillProblem } from "../common/problem-box.js";
import { showProgress } from "./job-progress.js";

/** @param {Transcription} job */
export function newJobRow(job) {
  const row = copyOf("job-template");
  row.dataset.job = job.id;
  row.classList.add("job--arrived");
  fillJobRow(row, job);
  return row;
}

/**
 * Show what is known of `job`, unless the row already shows something newer.
 *
 * @param {HTMLElement} row
 * @param {Transcription} job
 */
export function fillJobRow(row, job) {
  if (Number(row.dataset.revision) > job.revision) return;
  row.dataset.revision = String(job.revision);
  row.dataset.state = job.state;
  fillHead(row, job);
  fillFacts(row, job);
  showProgress(row, job);
  fillProblem(row, job.error);
  if (!row.querySelector("mark")) write(row, "text", textLine(job));
}

/** @param {HTMLElement} row @param {Transcription} job */
function fillHead(row, job) {
  write(row, "name", job.name);
  write(row, "state", label("job_state", job.state));
  field(row, "state").dataset.state = job.state;
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (row.querySelectorAll("a:not([data-place])")))
    link.href = url(`/transcriptions/${job.id}`);
}

/** @param {HTMLElement} row @param {Transcription} job */
function fillFacts(row, job) {
  find(row, "time", HTMLTimeElement).dateTime = job.created_at;
  write(row, "created_at", moment(job.created_at));
  write(row, "duration", job.duration === null ? "" : clock(job.duration));
  write(row, "size", filesize(job.size_bytes));
  write(row, "language", label("language", job.language));
  write(row, "warnings", job.warnings.length ? t("Notes: {count}", { count: job.warnings.length }) : "");
}
