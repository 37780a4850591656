/** @import { Batch } from "../../api/types.js" */
import { badgeOf, batchLine, batchPercent, batchStateName, optionsLine } from "../../lib/batch-wording.js";
import { showMoment } from "../../lib/moment.js";
import { field, find, write } from "../../lib/dom.js";

/**
 * Show the whole of a batch: its name, how far it is, and what can be done with it now.
 *
 * @param {HTMLElement} head
 * @param {Batch} batch
 * @param {number} total of its recordings, with those that are about to be uploaded
 */
export function fillBatchHead(head, batch, total) {
  const { counts, state } = batch;
  head.dataset.state = state;
  write(head, "name", batch.name);
  write(head, "state", batchStateName(batch));
  field(head, "state").dataset.state = badgeOf(batch);
  showMoment(find(head, "time", HTMLTimeElement), batch.created_at);
  write(head, "options", optionsLine(batch));
  write(head, "line", batchLine(batch, total));
  find(head, "progress", HTMLProgressElement).value = batchPercent(batch, total);
  const open = counts.uploading + counts.queued + counts.running > 0;
  show(head, "pause", state === "running" && open);
  show(head, "resume", state === "paused");
  show(head, "cancel", (state === "running" || state === "paused") && open);
  show(head, "retry", counts.failed + counts.cancelled > 0);
  find(head, "[data-exports]", HTMLElement).hidden = counts.succeeded === 0;
}

/** @param {HTMLElement} head @param {string} action @param {boolean} isWanted */
function show(head, action, isWanted) {
  find(head, `[data-action="${action}"]`, HTMLButtonElement).hidden = !isWanted;
}

/**
 * Write beside each state of the filter how many there are, and hide those without any.
 *
 * @param {HTMLElement} filter
 * @param {Batch} batch
 */
export function fillFilter(filter, { counts }) {
  for (const input of filter.querySelectorAll("input")) {
    const count = counts[/** @type {keyof typeof counts} */ (input.value || "total")] ?? 0;
    const label = input.closest("label");
    if (!label) continue;
    write(label, "count", String(count));
    label.hidden = Boolean(input.value) && count === 0 && !input.checked;
  }
}
