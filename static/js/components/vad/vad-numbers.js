/** @import { SettingItem, VadOptions } from "../../api/types.js" */
import { t } from "../../lib/messages.js";

const PADDING_SHARE = 4; // the padding is at most this part of the longest segment, as VadOptions has it

/**
 * Say why a typed number cannot be used; nothing where it can.
 *
 * @param {number} value NaN where nothing or no number was typed
 * @param {{low: number, high: number}} bounds
 */
export function complaintAbout(value, { low, high }) {
  return Number.isFinite(value) && value >= low && value <= high ? "" : t("Enter {low} to {high}.", { low, high });
}

/** The most padding that fits the longest segment. @param {number} longest in milliseconds */
export const mostPadding = (longest) => Math.floor(longest / PADDING_SHARE);

/**
 * Name the options as the server's settings do.
 *
 * @param {Partial<VadOptions>} options
 * @returns {Record<string, SettingItem["value"]>}
 */
export const serverSettings = (options) =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [SETTING_NAMES[name] ?? name, value]));

/** @type {Record<string, string>} */
const SETTING_NAMES = {
  detector: "vad_detector",
  threshold: "vad_threshold",
  mode: "vad_mode",
  frame_ms: "vad_frame_ms",
};
