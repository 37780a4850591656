/** @import { BatchItem } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { copyOf, field, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { textLine } from "../../lib/wording.js";

export function newItemRow() {
  return copyOf("batch-item-template");
}

/** What stays the same while a recording moves in the list. @param {BatchItem} item */
export function keyOf({ id }) {
  return id;
}

/** @param {HTMLElement} row @param {BatchItem} item @param {number} total */
export function fillItemRow(row, item, total) {
  row.dataset.state = item.state;
  row.dataset.position = String(item.position);
  row.dataset.item = item.id;
  row.dataset.transcription = item.transcription_id ?? "";
  row.setAttribute("aria-setsize", String(total));
  write(row, "position", String(item.position + 1));
  fillName(row, item);
  write(row, "state", label("job_state", item.state));
  field(row, "state").dataset.state = item.state;
  write(row, "duration", item.duration === null ? "" : clock(item.duration));
  write(row, "text", textLine(item));
  fillProgress(row, item);
  fillReason(row, item);
  for (const button of row.querySelectorAll("button[data-action]")) describe(button, item.name);
}

/** @param {HTMLElement} row @param {BatchItem} item */
function fillName(row, { name, transcription_id }) {
  const cut = name.lastIndexOf("/") + 1;
  const link = find(row, '[data-field="name"]', HTMLAnchorElement);
  write(row, "name", name.slice(cut));
  write(row, "folder", name.slice(0, cut));
  if (transcription_id) link.href = url(`/transcriptions/${transcription_id}`);
  else link.removeAttribute("href");
}

/** @param {HTMLElement} row @param {BatchItem} item */
function fillProgress(row, { state, progress }) {
  const bar = find(row, "progress", HTMLProgressElement);
  bar.hidden = state !== "running" && state !== "uploading";
  bar.value = 100 * progress;
}

/** @param {HTMLElement} row @param {BatchItem} item */
function fillReason(row, { error, duplicate_of }) {
  field(row, "why").hidden = !error;
  write(row, "message", error ? error.message : "");
  write(row, "advice", error ? error.advice : "");
  write(row, "code", error ? error.code : "");
  field(row, "same").hidden = !duplicate_of;
  if (duplicate_of)
    find(row, '[data-field="original"]', HTMLAnchorElement).href = url(`/transcriptions/${duplicate_of}`);
}

/** @param {Element} button @param {string} name */
function describe(button, name) {
  if (!(button instanceof HTMLButtonElement)) return;
  /** @type {Record<string, string>} */
  const names = {
    top: t("Move {name} to the top", { name }),
    up: t("Move {name} up", { name }),
    down: t("Move {name} down", { name }),
    cancel: t("Cancel {name}", { name }),
    retry: t("Try again: {name}", { name }),
    remove: t("Remove {name}", { name }),
  };
  const label = names[button.dataset.action ?? ""] ?? name;
  if (button.ariaLabel !== label) button.ariaLabel = label;
}
