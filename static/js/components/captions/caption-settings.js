import { field, onAction } from "../../lib/dom.js";
import { readJson } from "../../lib/storage.js";
import { t } from "../../lib/messages.js";

const KEY = "funasr.captions";
const SIZES = [18, 22, 28, 36, 46, 60, 80, 104]; // pixels
const MOST_LINES = 8;
const COLOURS = ["dark", "yellow", "light"];
const KEYS = { "-": "smaller", "+": "larger", "=": "larger", ArrowDown: "fewer", ArrowUp: "more", c: "colours" };

/** How captions look: size, lines and colours, by buttons and by keys; the browser remembers it. */
export class CaptionSettings {
  #root;
  #look;

  /**
   * @param {HTMLElement} root takes the colours and sizes @param {HTMLElement} bar with the buttons
   * @param {{keys: EventTarget, isKey?: (event: KeyboardEvent) => boolean, hasLines?: boolean}} options where keys are heard, and which of them count
   */
  constructor(root, bar, { keys, isKey = () => true, hasLines = true }) {
    this.#root = root;
    const { size, lines, colours } = readJson(localStorage, KEY) ?? {};
    this.#look = {
      size: within(size ?? 3, 0, SIZES.length - 1),
      lines: within(lines ?? 3, 1, MOST_LINES),
      colours: within(COLOURS.indexOf(colours), 0, COLOURS.length - 1),
    };
    this.#show();
    onAction(bar, (action) => this.#change(action, bar));
    keys.addEventListener("keydown", (event) => {
      const { key, ctrlKey, metaKey, altKey } = /** @type {KeyboardEvent} */ (event);
      const action = KEYS[/** @type {keyof typeof KEYS} */ (key.length === 1 ? key.toLowerCase() : key)];
      const isOfLines = action === "fewer" || action === "more";
      if (!action || ctrlKey || metaKey || altKey || (isOfLines && !hasLines)) return;
      if (!isKey(/** @type {KeyboardEvent} */ (event))) return;
      event.preventDefault();
      this.#change(action, bar);
    });
  }

  // Internal

  /** @param {string} action @param {HTMLElement} bar */
  #change(action, bar) {
    const look = this.#look;
    if (action === "smaller" || action === "larger")
      look.size = within(look.size + (action === "larger" ? 1 : -1), 0, SIZES.length - 1);
    else if (action === "fewer" || action === "more")
      look.lines = within(look.lines + (action === "more" ? 1 : -1), 1, MOST_LINES);
    else if (action === "colours") look.colours = (look.colours + 1) % COLOURS.length;
    else return;
    localStorage.setItem(KEY, JSON.stringify({ ...look, colours: COLOURS[look.colours] }));
    this.#show();
    field(bar, "look").textContent = t("{size} pixels, {lines} lines", { size: SIZES[look.size], lines: look.lines });
  }

  #show() {
    const { size, lines, colours } = this.#look;
    this.#root.dataset.colours = COLOURS[colours];
    this.#root.style.setProperty("--caption-size", `${SIZES[size]}px`);
    this.#root.style.setProperty("--caption-lines", String(lines));
  }
}

/** @param {number} value @param {number} least @param {number} most */
const within = (value, least, most) => Math.min(most, Math.max(least, Number(value) || 0));
