import { find } from "../../lib/dom.js";
import { readJson } from "../../lib/storage.js";

const KEY = "funasr.channel-names";

/** Two channels with their meters: who speaks on each can be said at any time; the browser remembers it. */
export class ChannelMeters {
  #root;

  /** @param {HTMLElement} root @param {() => void} renamed */
  constructor(root, renamed) {
    this.#root = root;
    const stored = Object.values(readJson(localStorage, KEY) ?? {});
    for (const [index, name] of stored.entries()) if (this.#inputs[index]) this.#inputs[index].value = String(name);
    root.addEventListener("change", () => {
      for (const input of this.#inputs) input.value = input.value.trim() || input.placeholder;
      localStorage.setItem(KEY, JSON.stringify(this.names));
      renamed();
    });
  }

  /** @param {boolean} isShown */
  set isShown(isShown) {
    this.#root.hidden = !isShown;
  }

  get names() {
    return this.#inputs.map(({ value }) => value);
  }

  set names(names) {
    for (const [index, input] of this.#inputs.entries()) input.value = names[index] || input.placeholder;
  }

  /** @param {number} channel counted from 0 @param {number} percent */
  showLevel(channel, percent) {
    find(this.#root, `.channels__one:nth-child(${channel + 1}) meter`, HTMLMeterElement).value = percent;
  }

  get #inputs() {
    return [...this.#root.querySelectorAll("input")];
  }
}
