/** @import { Batch } from "../api/types.js" */
import { clock } from "./format.js";
import { label } from "./labels.js";
import { t } from "./messages.js";

/** @param {Batch} batch */
export function batchStateName({ state, counts }) {
  if (state === "running" && !counts.total) return t("Empty");
  if (state === "running" && isWaitingForFiles(counts)) return t("Waits for files");
  return label("batch_state", state);
}

/** The badge that fits a batch: one that is done looks like a recording that is done. @param {Batch} batch */
export function badgeOf({ state, counts }) {
  if (state === "running" && (!counts.total || isWaitingForFiles(counts))) return "queued";
  return { running: "running", paused: "paused", done: "succeeded", cancelled: "cancelled" }[state];
}

/** Nothing can be done before more is uploaded. @param {Batch["counts"]} counts */
function isWaitingForFiles(counts) {
  return counts.queued + counts.running === 0;
}

/** Say in one line how far a batch is. @param {Batch} batch */
export function batchLine({ counts, progress, eta_seconds, state }) {
  if (!counts.total) return t("No recordings yet");
  const ended = counts.succeeded + counts.failed + counts.cancelled + counts.duplicate;
  const parts = [`${Math.floor(100 * progress)}%`, t("{done} of {total} done", { done: ended, total: counts.total })];
  if (counts.uploading) parts.push(t("not uploaded yet: {count}", { count: counts.uploading }));
  if (counts.failed) parts.push(t("failed: {count}", { count: counts.failed }));
  if (counts.duplicate) parts.push(t("duplicates: {count}", { count: counts.duplicate }));
  if (eta_seconds !== null && state === "running")
    parts.push(t("about {time} left", { time: clock(Math.ceil(eta_seconds)) }));
  return parts.join(" · ");
}

/** Say in one line how the recordings of a batch are read. @param {Batch} batch */
export function optionsLine({ options }) {
  const parts = [label("language", options.language), label("quality", options.quality)];
  if (options.itn) parts.push(t("Numbers as digits (ITN)"));
  if (options.punctuation) parts.push(t("Punctuation"));
  if (options.channels === "separate") parts.push(t("Each channel on its own"));
  if (options.hotwords.length) parts.push(t("Hotwords: {count}", { count: options.hotwords.length }));
  return parts.join(" · ");
}
