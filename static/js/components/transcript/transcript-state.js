/** @import { FullTranscription, ReceiptLine, Transcription } from "../../api/types.js" */
import { copyOf, create, field, find, slotOf, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { isOpen, optionValue } from "../../lib/wording.js";
import { fillProblem } from "../common/problem-box.js";
import { showProgress } from "../jobs/job-progress.js";

/**
 * Show everything of a transcription but its text.
 *
 * @param {HTMLElement} page
 * @param {FullTranscription} job
 */
export function showState(page, job) {
  page.dataset.state = job.state;
  page.toggleAttribute("data-unread", !isOpen(job) && job.duration === null);
  page.toggleAttribute("data-exportable", job.is_exportable);
  showHead(page, job);
  showProgress(page, job);
  fillProblem(slotOf(page, "failure"), job.error);
  showWarnings(slotOf(page, "warnings"), job.warnings);
  showReceipt(find(page, "[data-receipt] tbody", HTMLElement), job.receipt);
  showBlank(slotOf(page, "blank"), job);
}

/** @param {HTMLElement} page @param {Transcription} job */
export function showHead(page, job) {
  write(page, "name", job.name);
  document.title = `${job.name} · Fun-ASR WebUI`;
  write(page, "state", label("job_state", job.state));
  field(page, "state").dataset.state = job.state;
  write(page, "duration", job.duration === null ? "" : clock(job.duration));
  write(page, "language", label("language", job.language));
  write(page, "model", job.model ?? "");
  write(page, "device", job.device ?? "");
}

/** @param {HTMLElement} slot @param {string[]} warnings */
function showWarnings(slot, warnings) {
  if (slot.childElementCount === warnings.length) return;
  slot.replaceChildren(
    ...warnings.map((message) => {
      const box = copyOf("warning-template");
      write(box, "message", message);
      return box;
    }),
  );
}

/** @param {HTMLElement} body @param {ReceiptLine[]} receipt */
function showReceipt(body, receipt) {
  if (!receipt.length) return;
  body.replaceChildren(...receipt.flatMap(receiptRows));
}

/** @param {ReceiptLine} line */
function receiptRows({ name, asked, applied, reason }) {
  const cells = [asked, applied].map((value) => create("td", {}, optionValue(name, value)));
  const row = create("tr", {}, create("th", { scope: "row" }, label("option", name)), ...cells);
  if (!reason) return [row];
  return [row, create("tr", { className: "receipt__why" }, create("td", { colSpan: 3 }, reason))];
}

/** @param {HTMLElement} line @param {FullTranscription} job */
function showBlank(line, job) {
  line.hidden = job.segments.length > 0;
  line.textContent = isOpen(job) ? t("No text yet.") : t("There is no text.");
}
