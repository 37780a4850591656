import { readJson } from "../lib/storage.js";

const KEY = "funasr.export-style";
export const STYLE_NAMES = ["line_length", "lines", "cue_min_s", "cue_max_s", "channel_names"];

/** How this person wants subtitles to be cut and channels to be called, by the names of the API; what is usual is left out. @returns {Record<string, string>} */
export function exportStyle() {
  const stored = readJson(localStorage, KEY) ?? {};
  return Object.fromEntries(STYLE_NAMES.flatMap((name) => (stored[name] ? [[name, String(stored[name])]] : [])));
}

/** @param {Record<string, string>} style */
export function keepExportStyle(style) {
  localStorage.setItem(KEY, JSON.stringify(style));
}
