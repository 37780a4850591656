/** @import { Player } from "./player.js" */
/** @typedef {{start: number, end: number}} Span */
/** @import { SoundMark } from "../../api/types.js" */
import { clock } from "../../lib/format.js";
import { placeAt } from "../../editing/rows-at.js";

const WIDTH = 1000; // units of the picture, whatever its size on the screen
const HEIGHT = 100;
const BANDS = ["speech", "singing", "music"]; // below the sound, from top to bottom
const BAND = 6;
const BAND_GAP = 2;
const STEP_SECONDS = 5;
const LEAP_SECONDS = 30;
const EDGE_PIXELS = 5; // around an edge that can be pulled
const NARROW_PIXELS = 24; // a segment that is hardly to be seen is not pulled
const PULL_PIXELS = 6; // less is a hand that shakes while it presses

/** The picture of the sound: what was played, where speech is; press or use the arrow keys to move. */
export class Waveform {
  #root;
  #player;
  #speech = shape("g", {});
  #sound = shape("g", {});
  #bands = shape("g", {});
  #rest = shape("path", { class: "waveform__rest" });
  #played = shape("path", { class: "waveform__played", "clip-path": "url(#played)" });
  #window = shape("rect", { x: 0, y: 0, width: 0, height: HEIGHT });
  #cursor = shape("rect", { class: "waveform__cursor", y: 0, width: 1.5, height: HEIGHT });
  #duration = 0;
  /** @type {Span[]} */
  #segments = [];
  /** The edge of the current segment that is pulled. @type {"start" | "end" | null} */
  #pulled = null;
  /** @type {(place: number, start: number, end: number) => void} */
  #onShift = () => undefined;
  #current = -1;
  #marked = shape("rect", { class: "waveform__marked", y: 0, width: 0, height: HEIGHT });
  #pressedAt = 0; // pixels of the window
  /** @type {(start: number, end: number) => void} */
  #onSelect = () => undefined;

  /** @param {HTMLElement} root @param {Player} player */
  constructor(root, player) {
    this.#root = root;
    this.#player = player;
    root.append(this.#picture());
    root.addEventListener("pointerdown", (event) => this.#onPress(event));
    root.addEventListener("pointermove", (event) => this.#onMove(event));
    root.addEventListener("pointerup", (event) => this.#onRelease(event));
    root.addEventListener("keydown", (event) => this.#onKey(event));
    player.follow((seconds) => this.#show(seconds));
  }

  /** @param {number} seconds */
  set duration(seconds) {
    const isNew = seconds !== this.#duration;
    this.#duration = seconds;
    if (isNew) this.#drawSegments();
    if (Number.isFinite(seconds)) this.#root.ariaValueMax = String(Math.round(seconds));
  }

  /** @param {[number, number][]} peaks lowest and highest sample of intervals of equal length, -127 to 127 */
  set peaks(peaks) {
    const outline = outlineOf(peaks);
    this.#rest.setAttribute("d", outline);
    this.#played.setAttribute("d", outline);
  }

  /** @param {SoundMark[]} marks what sounds in the whole recording */
  set bands(marks) {
    const top = HEIGHT - BANDS.length * (BAND + BAND_GAP);
    this.#sound.setAttribute("transform", `scale(1 ${top / HEIGHT})`);
    this.#bands.replaceChildren(...marks.map((mark) => this.#band(mark, top)));
  }

  /** @param {Span[]} segments paragraphs as they are shown */
  set segments(segments) {
    const before = this.#segments;
    const isSame = (/** @type {Span} */ { start, end }, /** @type {number} */ place) =>
      before[place]?.start === start && before[place].end === end;
    const shown = this.#speech.childElementCount;
    if (shown === segments.length && before.length === shown && segments.every(isSame)) return; // a key was pressed
    this.#segments = segments.map(({ start, end }) => ({ start, end }));
    this.#drawSegments();
  }

  /** @param {(place: number, start: number, end: number) => void} listener called when an edge of a segment was pulled elsewhere */
  onShift(listener) {
    this.#onShift = listener;
  }

  /** @param {(start: number, end: number) => void} listener called with the seconds that are marked by pulling; 0, 0 where nothing is */
  onSelect(listener) {
    this.#onSelect = listener;
  }

  // Internal

  #picture() {
    const clip = shape("clipPath", { id: "played" });
    clip.append(this.#window);
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.#sound.append(this.#speech, this.#rest, this.#played);
    svg.append(clip, this.#sound, this.#bands, this.#marked, this.#cursor);
    return svg;
  }

  #drawSegments() {
    this.#current = -1;
    this.#speech.replaceChildren(...this.#segments.map(({ start, end }) => this.#speechRect(start, end)));
    this.#show(this.#player.position);
  }

  /** @param {number} start @param {number} end */
  #speechRect(start, end) {
    return shape("rect", {
      class: "waveform__speech",
      x: this.#at(start),
      y: 0,
      width: this.#at(end - start),
      height: HEIGHT,
    });
  }

  /** @param {SoundMark} mark @param {number} top */
  #band({ kind, start, end }, top) {
    return shape("rect", {
      class: `waveform__band waveform__band--${kind}`,
      x: this.#at(start),
      y: top + BAND_GAP + BANDS.indexOf(kind) * (BAND + BAND_GAP),
      width: this.#at(end - start),
      height: BAND,
    });
  }

  /** @param {number} seconds */
  #at(seconds) {
    return this.#duration ? (WIDTH * seconds) / this.#duration : 0;
  }

  /** @param {number} seconds */
  #show(seconds) {
    const at = this.#at(seconds).toFixed(0); // what nobody can see moving is not drawn anew
    if (this.#cursor.getAttribute("x") !== at) {
      this.#window.setAttribute("width", at);
      this.#cursor.setAttribute("x", at);
    }
    const text = clock(seconds);
    if (this.#root.ariaValueText !== text) {
      this.#root.ariaValueNow = String(Math.round(seconds));
      this.#root.ariaValueText = text;
    }
    const next = placeAt(this.#segments, seconds);
    const place = this.#segments[next]?.start <= seconds ? next : -1;
    if (place === this.#current) return;
    this.#speech.children[this.#current]?.classList.remove("is-current");
    this.#speech.children[place]?.classList.add("is-current");
    this.#current = place;
  }

  /** @param {PointerEvent} event */
  #onPress(event) {
    this.#pulled = this.#edgeAt(event.clientX);
    this.#pressedAt = event.clientX;
    this.#mark(0, 0);
    if (this.#pulled) return this.#root.setPointerCapture(event.pointerId);
    this.#player.seek(this.#secondsAt(event.clientX));
  }

  /** Pulling marks a part, or moves the edge of the current segment. @param {PointerEvent} event */
  #onMove(event) {
    if (!event.buttons) this.#root.classList.toggle("is-at-edge", this.#edgeAt(event.clientX) !== null);
    if (this.#pulled) return this.#pullEdge(event.clientX);
    if (!(event.buttons & 1) || Math.abs(event.clientX - this.#pressedAt) < PULL_PIXELS) return;
    this.#root.setPointerCapture(event.pointerId);
    const [start, end] = [this.#pressedAt, event.clientX]
      .sort((one, other) => one - other)
      .map((x) => this.#secondsAt(x));
    this.#mark(start, end);
  }

  /** Which edge of the current segment is there; one that is too narrow on the screen has none. @param {number} x @returns {"start" | "end" | null} */
  #edgeAt(x) {
    const segment = this.#segments[this.#current];
    if (!segment) return null;
    const { left, width } = this.#root.getBoundingClientRect();
    const [start, end] = [segment.start, segment.end].map((seconds) => left + (width * seconds) / this.#duration);
    if (end - start < NARROW_PIXELS) return null;
    if (Math.abs(x - start) <= EDGE_PIXELS) return "start";
    return Math.abs(x - end) <= EDGE_PIXELS ? "end" : null;
  }

  /** @param {number} x */
  #pullEdge(x) {
    const segment = this.#segments[this.#current];
    if (!segment || !this.#pulled || Math.abs(x - this.#pressedAt) < PULL_PIXELS) return;
    segment[this.#pulled] = this.#secondsAt(x);
    const rect = this.#speech.children[this.#current];
    rect.setAttribute("x", String(this.#at(segment.start)));
    rect.setAttribute("width", String(Math.max(0, this.#at(segment.end - segment.start))));
  }

  /** Who only pressed an edge wanted to go there. @param {PointerEvent} event */
  #onRelease(event) {
    const { start, end } = this.#segments[this.#current] ?? { start: 0, end: 0 };
    const wasPulled = Math.abs(event.clientX - this.#pressedAt) >= PULL_PIXELS;
    if (this.#pulled && wasPulled) this.#onShift(this.#current, start, end);
    else if (this.#pulled) this.#player.seek(this.#secondsAt(event.clientX));
    this.#pulled = null;
  }

  /** @param {number} start @param {number} end seconds */
  #mark(start, end) {
    this.#marked.setAttribute("x", String(this.#at(start)));
    this.#marked.setAttribute("width", String(this.#at(end - start)));
    this.#onSelect(start, end);
  }

  /** @param {number} x pixels of the window */
  #secondsAt(x) {
    const { left, width } = this.#root.getBoundingClientRect();
    return Math.min(Math.max((this.#duration * (x - left)) / width, 0), this.#duration);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const moves = {
      ArrowRight: STEP_SECONDS,
      ArrowUp: STEP_SECONDS,
      ArrowLeft: -STEP_SECONDS,
      ArrowDown: -STEP_SECONDS,
      PageUp: LEAP_SECONDS,
      PageDown: -LEAP_SECONDS,
      Home: -Infinity,
      End: Infinity,
    };
    const move = /** @type {Record<string, number>} */ (moves)[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.#player.seek(Math.min(Math.max(this.#player.position + move, 0), this.#duration));
  }
}

/** Draw one closed outline: the highest samples there, the lowest back. @param {[number, number][]} peaks */
function outlineOf(peaks) {
  const x = (/** @type {number} */ index) => ((WIDTH * index) / Math.max(peaks.length - 1, 1)).toFixed(1);
  const y = (/** @type {number} */ sample) => (HEIGHT / 2 - (sample / 127) * (HEIGHT / 2 - 3)).toFixed(1);
  const there = peaks.map(([, high], index) => `${x(index)},${y(Math.max(high, 1))}`);
  const back = peaks.map(([low], index) => `${x(index)},${y(Math.min(low, -1))}`).reverse();
  return peaks.length ? `M${[...there, ...back].join("L")}Z` : "";
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
