import { t } from "../../lib/messages.js";

/** @type {string[]} */
let known = [];

/** Call the channels so beside all paragraphs. @param {string[]} names in their order */
export function labelChannels(names) {
  known = names;
  for (const label of document.querySelectorAll(".segment__channel[data-channel]"))
    if (label instanceof HTMLElement) label.textContent = channelName(Number(label.dataset.channel));
}

/** Say on which channel a paragraph was said. @param {HTMLElement} label @param {number | null} channel */
export function showChannel(label, channel) {
  label.hidden = channel === null;
  label.textContent = channel === null ? "" : channelName(channel);
  if (channel === null) delete label.dataset.channel;
  else label.dataset.channel = String(channel);
}

/** @param {number} channel counted from 1 */
export const channelName = (channel) => known[channel - 1] || t("Channel {number}", { number: channel });
