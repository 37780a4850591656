/** @import { Batch } from "../api/types.js" */
import { clock } from "./format.js";
import { label } from "./labels.js";
import { t } from "./messages.js";

/** @param {Batch} batch */
export function batchStateName({ state, counts }) {
  if (state === "running" && !counts.total) return t("Empty");
  if (state === "running" && isWaitingForFiles(counts)) return t("Waits for files");
  if (state === "done" && counts.failed) return t("Done, but some failed");
  return label("batch_state", state);
}

/** The badge that fits a batch: one that is done looks like a recording that is done. @param {Batch} batch */
export function badgeOf({ state, counts }) {
  if (state === "running" && (!counts.total || isWaitingForFiles(counts))) return "queued";
  if (state === "done" && counts.failed) return "incomplete";
  return { running: "running", paused: "paused", done: "succeeded", cancelled: "cancelled" }[state];
}

/** Nothing can be done before more is uploaded. @param {Batch["counts"]} counts */
function isWaitingForFiles(counts) {
  return counts.queued + counts.running === 0;
}

/**
 * How much of all its recordings a batch is through, in percent: of a cancelled one, what was read before.
 *
 * @param {Batch} batch
 * @param {number} [total] of its recordings, with those that are about to be uploaded
 */
export function batchPercent({ counts, progress, state }, total = counts.total) {
  const isRead = counts.succeeded + counts.failed + counts.duplicate;
  return total ? (100 * (state === "cancelled" ? isRead : progress * counts.total)) / total : 0;
}

/**
 * Say in one line what became of the recordings of a batch. How long the rest takes is known once all of them are there.
 *
 * @param {Batch} batch
 * @param {number} [total] of its recordings, with those that are about to be uploaded
 */
export function batchLine(batch, total = batch.counts.total) {
  const { counts, eta_seconds, state } = batch;
  if (!total) return t("No recordings yet");
  const uploading = counts.uploading + total - counts.total;
  const parts = [t("{done} of {total} done", { done: counts.succeeded, total })];
  if (state === "running" || state === "paused") parts.unshift(`${Math.floor(batchPercent(batch, total))}%`);
  if (uploading) parts.push(t("not uploaded yet: {count}", { count: uploading }));
  if (counts.failed) parts.push(t("failed: {count}", { count: counts.failed }));
  if (counts.duplicate) parts.push(t("duplicates: {count}", { count: counts.duplicate }));
  if (counts.cancelled) parts.push(t("cancelled: {count}", { count: counts.cancelled }));
  if (eta_seconds !== null && state === "running" && !uploading)
    parts.push(t("about {time} left", { time: clock(Math.ceil(eta_seconds)) }));
  return parts.join(" · ");
}

/** Say in one line how the recordings of a batch are read. @param {Batch} batch */
export function optionsLine({ options }) {
  const parts = [label("language", options.language), label("quality", options.quality)];
  for (const [name, value] of Object.entries(options)) if (value === true) parts.push(label("option", name));
  if (options.channels === "separate") parts.push(t("Each channel on its own"));
  if (options.speakers !== "off") parts.push(t("Speakers told apart"));
  if (options.hotwords.length) parts.push(t("Hotwords: {count}", { count: options.hotwords.length }));
  return parts.join(" · ");
}
