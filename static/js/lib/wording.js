/** @import { HotwordOutcome, JobState, Model, Transcription } from "./types.js" */
import { clock } from "./format.js";
import { t } from "./messages.js";

/** Whether a job waits or is at work. @param {{state: JobState}} job */
export function isOpen({ state }) {
  return state === "queued" || state === "running";
}

/** @param {JobState} state */
export function stateName(state) {
  return {
    queued: t("Waiting"),
    running: t("Working"),
    succeeded: t("Done"),
    failed: t("Failed"),
    cancelled: t("Cancelled"),
  }[state];
}

/** @param {Model["state"]} state */
export function modelStateName(state) {
  return {
    stopped: t("Model not loaded"),
    loading: t("Model is loading"),
    ready: t("Ready"),
    busy: t("Recognizing"),
    failed: t("Model failed"),
  }[state];
}

/** @param {string | null} language */
export function languageName(language) {
  /** @type {Record<string, string>} */
  const names = {
    auto: t("Automatic"),
    zh: t("Chinese"),
    en: t("English"),
    "zh-en": t("Chinese and English"),
    yue: t("Cantonese"),
    ja: t("Japanese"),
    ko: t("Korean"),
    none: t("No speech"),
  };
  return names[language ?? ""] ?? nameOfCode(language ?? "");
}

/** What the browser calls a language. @param {string} code */
function nameOfCode(code) {
  try {
    return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** What was heard beside the words. @param {string} sounds codes with spaces between */
export function soundNames(sounds) {
  /** @type {Record<string, string>} */
  const names = {
    happy: t("Happy"),
    sad: t("Sad"),
    angry: t("Angry"),
    fearful: t("Fearful"),
    disgusted: t("Disgusted"),
    surprised: t("Surprised"),
    music: t("Music"),
    applause: t("Applause"),
    laughter: t("Laughter"),
    crying: t("Crying"),
    cough: t("Cough"),
    sneeze: t("Sneeze"),
    breath: t("Breath"),
    singing: t("Singing"),
  };
  return sounds
    .split(" ")
    .map((sound) => (sound.startsWith("language:") ? languageName(sound.slice(9)) : (names[sound] ?? "")))
    .filter(Boolean)
    .join(" · ");
}

/** @param {string} quality */
export function qualityName(quality) {
  /** @type {Record<string, string>} */
  const names = { fast: t("Fast"), balanced: t("Balanced"), accurate: t("Accurate") };
  return names[quality] ?? quality;
}

/** @param {string} source where a recording came from */
export function sourceName(source) {
  /** @type {Record<string, string>} */
  const names = {
    page: t("Page"),
    api: t("API"),
    cli: t("Command line"),
    live: t("Live"),
    batch: t("Batch"),
    folder: t("Watched folder"),
    compare: t("Comparison"),
  };
  return names[source] ?? source;
}

/** @param {string} name of a line of a receipt */
export function optionName(name) {
  /** @type {Record<string, string>} */
  const names = {
    language: t("Language"),
    hotwords: t("Hotwords"),
    itn: t("Text normalisation"),
    hotword: t("Hotword"),
    punctuation: t("Punctuation"),
    times: t("Times"),
    device: t("Device"),
    dtype: t("Precision"),
    decoding: t("Decoding"),
    batch: t("Batch"),
    vad: t("Speech detection"),
    channels: t("Channels"),
    speech_check: t("Check for speech"),
  };
  return names[name] ?? name;
}

/** What was asked or applied for an option; names of searches, devices and precisions, and hotwords, stay as they are. @param {string} name @param {string} value */
export function optionValue(name, value) {
  return wordOf(name, value) || "–";
}

/** @param {string} name @param {string} value */
function wordOf(name, value) {
  if (name === "hotword" || name === "hotwords") return value;
  if (name === "language") return languageName(value);
  if (name === "decoding") return qualityName(value);
  /** @type {Record<string, string>} */
  const words = {
    on: t("on"),
    off: t("off"),
    mix: t("Mixed"),
    separate: t("Each on its own"),
    auto: t("Automatic"),
    pauses: t("From pauses"),
  };
  return words[value] ?? value;
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
  return status === "matched" ? t("heard") : t("not heard");
}

/**
 * Say in one line how far a job is.
 *
 * @param {Transcription} job
 */
export function progressLine(job) {
  if (job.cancel_requested) return t("Stopping after the current piece …");
  if (job.state === "queued") return queueLine(job.progress.queue_position);
  if (job.state !== "running") return stateName(job.state);
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
