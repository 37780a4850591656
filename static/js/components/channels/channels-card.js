/** @import { FullTranscription } from "../../api/types.js" */
import { nameChannels, problemOf } from "../../api/client.js";
import { copyOf, find, slotOf } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { showError } from "../common/problem-box.js";
import { colour } from "../speakers/speaker-labels.js";
import { labelChannels } from "./channel-labels.js";

/** Who speaks on the channels of one transcription; a new name holds on the page and in every export. */
export class ChannelsCard {
  #root;
  #id;
  #count = 0;

  /** @param {HTMLElement} root @param {string} id */
  constructor(root, id) {
    this.#root = root;
    this.#id = id;
    labelChannels(JSON.parse(root.dataset.channelNames ?? "[]"));
    root.addEventListener("change", () => void this.#rename());
  }

  /** @param {FullTranscription} job */
  show({ segments, channel_names: names }) {
    labelChannels(names);
    const count = Math.max(0, ...segments.map(({ channel }) => channel ?? 0));
    this.#root.hidden = count === 0;
    if (count === this.#count) return;
    this.#count = count;
    slotOf(this.#root, "channels").replaceChildren(...Array.from({ length: count }, (_, at) => itemOf(at + 1, names)));
  }

  async #rename() {
    showError(this.#root, null);
    const names = [...this.#root.querySelectorAll("input")].map(({ value }) => value);
    try {
      labelChannels((await nameChannels(this.#id, names)).channel_names);
    } catch (error) {
      showError(this.#root, problemOf(error));
    }
  }
}

/** @param {number} channel @param {string[]} names */
function itemOf(channel, names) {
  const item = copyOf("channel-template");
  const input = find(item, "input", HTMLInputElement);
  input.value = names[channel - 1] ?? "";
  input.placeholder = t("Channel {number}", { number: channel });
  input.ariaLabel = t("Who speaks on channel {number}", { number: channel });
  colour(item, channel);
  return item;
}
