/** @import { StretchPlayer } from "./interval-player.js" */
/** @import { Speech, Stretch } from "../../api/types.js" */
import { copyOf, find } from "../../lib/dom.js";
import { moveFocus } from "../../lib/row-focus.js";
import { preciseClock, secondsAndMs } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

/** The stretches of speech with their times; follows the player. */
export class StretchList {
  #list;
  /** @type {Stretch[]} */
  #stretches = [];

  /** @param {HTMLElement} list @param {StretchPlayer} player */
  constructor(list, player) {
    this.#list = list;
    player.follow((seconds) => this.#follow(seconds, player.isPlaying));
    list.addEventListener("keydown", (event) => moveFocus(list, event));
  }

  get length() {
    return this.#stretches.length;
  }

  /** Show what was found, from its beginning, or go on with it. @param {Speech} speech */
  show({ offset, segments }) {
    this.#stretches = [...this.#stretches.slice(0, offset), ...segments];
    segments.forEach((stretch, place) => this.#put(offset + place, stretch));
    while (this.#list.children.length > this.#stretches.length) this.#list.lastElementChild?.remove();
  }

  // Internal

  /** Rows that did not change stay as they are. @param {number} place @param {Stretch} stretch */
  #put(place, stretch) {
    const old = this.#list.children[place];
    const key = JSON.stringify([place, stretch]);
    if (old instanceof HTMLElement && old.dataset.key === key) return;
    const row = rowOf(place, stretch);
    row.dataset.key = key;
    const hadFocus =
      old?.contains(document.activeElement) && document.activeElement instanceof HTMLElement
        ? document.activeElement.dataset.action
        : "";
    if (old) old.replaceWith(row);
    else this.#list.append(row);
    if (hadFocus) /** @type {HTMLElement | null} */ (row.querySelector(`[data-action="${hadFocus}"]`))?.focus();
  }

  /** @param {number} seconds @param {boolean} isPlaying */
  #follow(seconds, isPlaying) {
    const rows = /** @type {HTMLCollectionOf<HTMLElement>} */ (this.#list.children);
    const current = this.#stretches.findIndex(({ start, end }) => start <= seconds && seconds < end);
    for (const old of this.#list.querySelectorAll(".is-current")) {
      if (old !== rows[current]) mark(/** @type {HTMLElement} */ (old), false, false);
    }
    if (rows[current]) mark(rows[current], true, isPlaying);
  }
}

/** @param {HTMLElement} row @param {boolean} isCurrent @param {boolean} isPlaying */
function mark(row, isCurrent, isPlaying) {
  row.classList.toggle("is-current", isCurrent);
  find(row, '[data-action="play-stretch"]', HTMLElement).ariaPressed = String(isCurrent && isPlaying);
}

/** @param {number} place @param {Stretch} stretch */
function rowOf(place, stretch) {
  const { start, end, duration, state } = stretch;
  const row = copyOf("stretch-template");
  row.dataset.start = String(start);
  row.dataset.end = String(end);
  row.dataset.state = state;
  find(row, '[data-field="number"]', HTMLElement).textContent = String(place + 1);
  find(row, '[data-field="times"]', HTMLElement).textContent = `${preciseClock(start)} – ${preciseClock(end)}`;
  find(row, '[data-field="length"]', HTMLElement).textContent = secondsAndMs(duration);
  find(row, '[data-field="text"]', HTMLElement).textContent = textOf(stretch);
  const [play, read] = ["play-stretch", "read"].map((action) => find(row, `[data-action="${action}"]`, HTMLElement));
  play.setAttribute(
    "aria-label",
    t("Play from {start} to {end}", { start: preciseClock(start), end: preciseClock(end) }),
  );
  read.setAttribute("aria-label", t("Read piece {number}", { number: place + 1 }));
  read.hidden = state === "waiting" || state === "done";
  return row;
}

/** @param {Stretch} stretch */
function textOf({ state, text, error }) {
  if (state === "waiting") return t("Waiting");
  if (state === "failed") return error?.message ?? t("Failed");
  return state === "done" ? text || t("No clear words here; nothing was written.") : "";
}
