/** @import { IntervalPlayer } from "./interval-player.js" */
/** @import { Speech, SpeechSegment } from "../../api/types.js" */
import { buttonOf, copyOf, field, find } from "../../lib/dom.js";
import { moveFocus } from "../../lib/row-focus.js";
import { preciseClock, secondsAndMs } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

/** The segments of speech with their times; follows the player. */
export class SpeechList {
  #list;
  /** @type {SpeechSegment[]} */
  #segments = [];

  /** @param {HTMLElement} list @param {IntervalPlayer} player */
  constructor(list, player) {
    this.#list = list;
    player.follow((seconds) => this.#follow(seconds, player.isPlaying));
    list.addEventListener("keydown", (event) => moveFocus(list, event));
  }

  get length() {
    return this.#segments.length;
  }

  /** Show what was found, from its beginning, or go on with it. @param {Speech} speech */
  show({ offset, segments }) {
    this.#segments = [...this.#segments.slice(0, offset), ...segments];
    segments.forEach((segment, place) => this.#put(offset + place, segment));
    while (this.#list.children.length > this.#segments.length) this.#list.lastElementChild?.remove();
  }

  // Internal

  /** Rows that did not change stay as they are. @param {number} place @param {SpeechSegment} segment */
  #put(place, segment) {
    const old = this.#list.children[place];
    const key = JSON.stringify([place, segment]);
    if (old instanceof HTMLElement && old.dataset.key === key) return;
    const row = rowOf(place, segment);
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
    const current = this.#segments.findIndex(({ start, end }) => start <= seconds && seconds < end);
    for (const old of this.#list.querySelectorAll(".is-current")) {
      if (old !== rows[current]) mark(/** @type {HTMLElement} */ (old), false, false);
    }
    if (rows[current]) mark(rows[current], true, isPlaying);
  }
}

/** @param {HTMLElement} row @param {boolean} isCurrent @param {boolean} isPlaying */
function mark(row, isCurrent, isPlaying) {
  row.classList.toggle("is-current", isCurrent);
  buttonOf(row, "play-interval").ariaPressed = String(isCurrent && isPlaying);
}

/** @param {number} place @param {SpeechSegment} segment */
function rowOf(place, segment) {
  const { start, end, duration, state } = segment;
  const row = copyOf("speech-segment-template");
  row.dataset.start = String(start);
  row.dataset.end = String(end);
  row.dataset.state = state;
  field(row, "number").textContent = String(place + 1);
  field(row, "times").textContent = `${preciseClock(start)} – ${preciseClock(end)}`;
  field(row, "length").textContent = secondsAndMs(duration);
  field(row, "text").textContent = textOf(segment);
  const [play, read] = ["play-interval", "transcribe"].map((action) =>
    find(row, `[data-action="${action}"]`, HTMLElement),
  );
  play.setAttribute(
    "aria-label",
    t("Play from {start} to {end}", { start: preciseClock(start), end: preciseClock(end) }),
  );
  read.setAttribute("aria-label", t("Read piece {number}", { number: place + 1 }));
  read.hidden = state === "waiting" || state === "done";
  return row;
}

/** @param {SpeechSegment} segment */
function textOf({ state, text, error }) {
  if (state === "waiting") return t("Waiting");
  if (state === "failed") return error?.message ?? t("Failed");
  return state === "done" ? text || t("No clear words here; nothing was written.") : "";
}
