/** @import { HotwordOutcome, JobState, Transcription } from "../api/types.js" */
import { clock } from "./format.js";
import { label } from "./labels.js";
import { t } from "./messages.js";

/** Whether a job waits or is at work. @param {{state: JobState}} job */
export function isOpen({ state }) {
  return state === "queued" || state === "running";
}

/** What was heard beside the words. @param {string} sounds codes with spaces between */
export function soundNames(sounds) {
  return sounds
    .split(" ")
    .map((sound) => (sound.startsWith("language:") ? label("language", sound.slice(9)) : label("sound", sound)))
    .filter(Boolean)
    .join(" · ");
}

/**
 * What was asked or applied for an option; hotwords, devices and precisions stay as they are. As option_value
 * in templates/macros/wording.html.
 *
 * @param {string} name @param {string} value
 */
export function optionValue(name, value) {
  if (!value || name === "hotword" || name === "hotwords") return value || "–";
  return label({ language: "language", decoding: "decoding" }[name] ?? "option_value", value);
}

/** @param {string} name as the setting `device` takes it */
export function deviceName(name) {
  const [kind, number] = name.split(":");
  if (kind === "cuda")
    return number && number !== "0"
      ? t("NVIDIA card {number} (CUDA)", { number: Number(number) + 1 })
      : t("NVIDIA card (CUDA)");
  return { auto: t("Automatic"), cpu: t("Processor (CPU)"), mps: t("Apple card (MPS)") }[name] ?? name;
}

/** @param {HotwordOutcome} outcome */
export function hotwordFate({ status, unknown }) {
  if (status === "unusable") return t("cannot be used: the model cannot write {characters}", { characters: unknown });
  return label("hotword_status", status);
}

/**
 * The beginning of a text; a recording that is done without one had no speech, unless a person took the text away. As
 * no_speech in templates/macros/wording.html.
 *
 * @param {{state: string, text: string, edit_revision?: number}} job
 */
export function textLine({ state, text, edit_revision = 0 }) {
  if (text || state !== "succeeded" || edit_revision) return text.slice(0, 200);
  return t("No speech was recognised.");
}

/**
 * Say in one line how far a job is.
 *
 * @param {Transcription} job
 */
export function progressLine(job) {
  if (job.cancel_requested) return t("Stopping after the current piece …");
  if (job.state === "queued") return queueLine(job.progress.queue_position);
  if (job.state !== "running") return label("job_state", job.state);
  if (job.progress.waits_for) return job.progress.waits_for.message;
  if (job.progress.stage === "speakers") return t("Telling the speakers apart …");
  if (job.progress.stage !== "recognizing") return t("Reading the recording …");
  return recognizingParts(job).join(" · ");
}

/** @param {number | null} position */
function queueLine(position) {
  return position ? t("Number {position} in the queue", { position }) : t("Waiting");
}

/** @param {Transcription} job */
function recognizingParts({ progress, duration }) {
  const parts = [`${Math.floor(progress.percent)}%`];
  if (duration) parts.push(`${clock(progress.seconds_done)} / ${clock(duration)}`);
  parts.push(t("{done} of {total} pieces", { done: progress.segments_done, total: progress.segments_total }));
  if (progress.eta_seconds !== null)
    parts.push(t("about {time} left", { time: clock(Math.ceil(progress.eta_seconds)) }));
  return parts;
}
