/** @import { EditedText } from "../../editing/edited-text.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentList } from "./segment-list.js" */
import { buttonOf, onAction } from "../../lib/dom.js";

const KEY = "funasr.skip-silence";
const SHORT_SECONDS = 0.4; // a pause of this length is not worth a jump
const BEFORE_SECONDS = 0.1; // of silence left before what is said next

/** Plays one paragraph over and over, or leaves out the silence between them. */
export class PlaybackModes {
  #player;
  #list;
  #text;
  #loop;
  #skip;
  /** The paragraph that is repeated. @type {{start: number, end: number} | null} */
  #repeated = null;

  /** @param {HTMLElement} root @param {Player} player @param {SegmentList} list @param {EditedText} text */
  constructor(root, player, list, text) {
    this.#player = player;
    this.#list = list;
    this.#text = text;
    this.#loop = buttonOf(root, "loop");
    this.#skip = buttonOf(root, "skip");
    this.#skip.ariaPressed = String(localStorage.getItem(KEY) === "on");
    onAction(root, (action) => {
      if (action === "loop") this.toggleLoop();
      if (action === "skip") this.toggleSkip();
    });
    player.follow((seconds) => this.#follow(seconds));
  }

  toggleLoop() {
    const { rows } = this.#text;
    this.#repeated = this.#repeated
      ? null
      : (rows[Math.min(this.#list.placeAt(this.#player.position), rows.length - 1)] ?? null);
    this.#loop.ariaPressed = String(this.#repeated !== null);
  }

  toggleSkip() {
    const isOn = this.#skip.ariaPressed !== "true";
    this.#skip.ariaPressed = String(isOn);
    localStorage.setItem(KEY, isOn ? "on" : "off");
  }

  // Internal

  /** @param {number} seconds */
  #follow(seconds) {
    if (this.#repeated && (seconds >= this.#repeated.end || seconds < this.#repeated.start - SHORT_SECONDS))
      this.#leaveOrRepeat(seconds);
    else if (this.#player.isPlaying && this.#skip.ariaPressed === "true") this.#skipSilence(seconds);
  }

  /** Go back at the end of the paragraph; a person who seeks elsewhere has another one repeated. @param {number} seconds */
  #leaveOrRepeat(seconds) {
    if (!this.#repeated) return;
    const { start, end } = this.#repeated;
    if (seconds >= end && seconds < end + 1 && this.#player.isPlaying) return this.#player.seek(start);
    if (seconds >= start && seconds < end + 1) return;
    const { rows } = this.#text;
    this.#repeated = rows[Math.min(this.#list.placeAt(seconds), rows.length - 1)] ?? null;
  }

  /** @param {number} seconds */
  #skipSilence(seconds) {
    const next = this.#text.rows[this.#list.placeAt(seconds)];
    if (next && next.start - seconds > SHORT_SECONDS) this.#player.seek(next.start - BEFORE_SECONDS);
  }
}
