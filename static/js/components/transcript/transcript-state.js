/** @import { FullTranscription, ReceiptLine, Transcription } from "../../api/types.js" */
import { copyOf, field, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { isOpen, optionValue, progressLine } from "../../lib/wording.js";
import { fillProblem } from "../common/problem-box.js";

/**
 * Show everything of a transcription but its text.
 *
 * @param {HTMLElement} page
 * @param {FullTranscription} job
 */
export function showState(page, job) {
  page.dataset.state = job.state;
  page.toggleAttribute("data-unread", !isOpen(job) && job.duration === null);
  page.toggleAttribute("data-exportable", !isOpen(job) && (job.state === "succeeded" || job.text !== ""));
  showHead(page, job);
  showProgress(page, job);
  fillProblem(find(page, '[data-slot="failure"]', HTMLElement), job.error);
  showWarnings(find(page, '[data-slot="warnings"]', HTMLElement), job.warnings);
  showReceipt(find(page, "[data-receipt] tbody", HTMLElement), job.receipt);
  showBlank(find(page, '[data-slot="blank"]', HTMLElement), job);
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

/** @param {HTMLElement} page @param {Transcription} job */
function showProgress(page, job) {
  const bar = find(page, "progress", HTMLProgressElement);
  if (job.state === "running" && job.progress.stage === "preparing") bar.removeAttribute("value");
  else bar.value = job.progress.percent;
  write(page, "detail", progressLine(job));
  find(page, '[data-action="cancel"]', HTMLButtonElement).disabled = job.cancel_requested;
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
  const row = document.createElement("tr");
  row.append(
    cell("th", label("option", name), { scope: "row" }),
    cell("td", optionValue(name, asked)),
    cell("td", optionValue(name, applied)),
  );
  if (!reason) return [row];
  const why = document.createElement("tr");
  why.className = "receipt__why";
  why.append(cell("td", reason, { colspan: "3" }));
  return [row, why];
}

/** @param {string} kind @param {string} text @param {Record<string, string>} [attributes] */
function cell(kind, text, attributes = {}) {
  const element = document.createElement(kind);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** @param {HTMLElement} line @param {FullTranscription} job */
function showBlank(line, job) {
  line.hidden = job.segments.length > 0;
  line.textContent = isOpen(job) ? t("No text yet.") : t("There is no text.");
}
