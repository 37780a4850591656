/** @import { SoundMark } from "../../api/types.js" */
/** @import { IntervalPlayer } from "./interval-player.js" */
import { clock } from "../../lib/format.js";

const NARROWEST_SECONDS = 0.05; // of the view
const ZOOM = 2;
const STEP_SHARE = 0.05; // of the view, for one press of an arrow key
const FETCH_MS = 60;
const EDGE = 3; // pixels that the sound stays away from top and bottom
const BANDS = ["speech", "singing", "music"]; // below the sound, from top to bottom
const BAND = 6; // pixels
const BAND_GAP = 2;

/**
 * The waveform with the speech marked and, where they are known, bands of what sounds: zooms, scrolls, and moves the
 * player. `fetchPart` brings picture, marks and bands of the part that is shown; the bands are null where none are known.
 */
export class SpeechView {
  #root;
  #canvas = document.createElement("canvas");
  #player;
  #fetchPart;
  #duration = 0;
  #start = 0;
  #end = 0;
  /** @type {{start: number, end: number, peaks: [number, number][]}} */
  #picture = { start: 0, end: 0, peaks: [] };
  /** @type {[number, number][]} */
  #marks = [];
  /** @type {SoundMark[] | null} */
  #bands = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #asked = 0;
  #isDrawn = true;
  /** @type {() => void} */
  #onMove = () => undefined;

  /**
   * @param {HTMLElement} root
   * @param {IntervalPlayer} player
   * @param {(start: number, end: number, buckets: number) => Promise<{picture: {start: number, end: number, peaks: [number, number][]}, marks: [number, number][], bands: SoundMark[] | null} | null>} fetchPart
   */
  constructor(root, player, fetchPart) {
    this.#root = root;
    this.#player = player;
    this.#fetchPart = fetchPart;
    root.append(this.#canvas);
    root.addEventListener("pointerdown", (event) => this.#onPress(event));
    root.addEventListener("keydown", (event) => this.#onKey(event));
    root.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    new ResizeObserver(() => this.#onResize()).observe(root);
    new MutationObserver(() => this.#draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    player.follow((seconds) => this.#follow(seconds));
  }

  get view() {
    return { start: this.#start, end: this.#end, duration: this.#duration };
  }

  /** @param {() => void} listener called after each zoom and scroll */
  set onMove(listener) {
    this.#onMove = listener;
  }

  /** Show a recording of so many seconds, whole. @param {number} duration */
  open(duration) {
    this.#duration = duration;
    this.#picture = { start: 0, end: 0, peaks: [] };
    this.#marks = [];
    this.#bands = null;
    this.#root.ariaValueMax = String(Math.round(duration));
    this.#move(0, duration);
  }

  /** @param {[number, number][]} marks of the present view */
  set marks(marks) {
    this.#marks = marks;
    this.#draw();
  }

  /** @param {SoundMark[] | null} bands of the present view; null where none are known */
  set bands(bands) {
    this.#bands = bands;
    this.#draw();
  }

  /** @param {number} factor more than 1 comes nearer @param {number} [at] seconds that stay where they are */
  zoom(factor, at = this.#inside(this.#player.position) ? this.#player.position : (this.#start + this.#end) / 2) {
    const width = Math.min(this.#duration, Math.max(NARROWEST_SECONDS, (this.#end - this.#start) / factor));
    const share = (at - this.#start) / (this.#end - this.#start || 1);
    this.#move(at - share * width, at + (1 - share) * width);
  }

  showAll() {
    this.#move(0, this.#duration);
  }

  /** Begin the view at `start`, as wide as it is. @param {number} start */
  scrollTo(start) {
    this.#move(start, start + this.#end - this.#start);
  }

  /** Bring an interval into view. @param {number} start @param {number} end */
  reveal(start, end) {
    if (start >= this.#start && end <= this.#end) return;
    const width = this.#end - this.#start;
    this.scrollTo((start + end) / 2 - width / 2);
  }

  // Internal

  /** @param {number} start @param {number} end */
  #move(start, end) {
    const width = Math.min(end - start, this.#duration);
    this.#start = Math.min(Math.max(0, start), this.#duration - width);
    this.#end = this.#start + width;
    this.#draw();
    this.#onMove();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetch(), FETCH_MS);
  }

  async #fetch() {
    if (!this.#duration) return;
    const number = ++this.#asked;
    const part = await this.#fetchPart(this.#start, this.#end, Math.min(2000, Math.max(100, this.#root.clientWidth)));
    if (!part || number !== this.#asked) return; // the view has moved on
    this.#picture = part.picture;
    this.#marks = part.marks;
    this.#bands = part.bands;
    this.#draw();
  }

  /** @param {number} seconds */
  #inside(seconds) {
    return seconds >= this.#start && seconds <= this.#end;
  }

  /** @param {number} seconds */
  #follow(seconds) {
    this.#root.ariaValueNow = String(Math.round(seconds));
    this.#root.ariaValueText = clock(seconds);
    if (this.#player.isPlaying && this.#duration && !this.#inside(seconds))
      this.scrollTo(seconds - (this.#end - this.#start) * 0.1);
    this.#draw();
  }

  #onResize() {
    this.#draw();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetch(), FETCH_MS);
  }

  /** Draw once before the next frame, however often it was asked for. */
  #draw() {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    requestAnimationFrame(() => {
      this.#isDrawn = true;
      this.#paint();
    });
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.#root;
    const ratio = window.devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
    }
    const brush = this.#canvas.getContext("2d");
    if (!brush) return;
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.#root);
    const top = height - (this.#bands ? BANDS.length * (BAND + BAND_GAP) : 0);
    this.#paintMarks(brush, style, width, top);
    this.#paintSound(brush, style, width, top);
    this.#paintBands(brush, style, width, top);
    brush.fillStyle = style.getPropertyValue("--view-cursor");
    if (this.#inside(this.#player.position)) brush.fillRect(this.#x(this.#player.position, width), 0, 1.5, height);
  }

  /** @param {CanvasRenderingContext2D} brush @param {CSSStyleDeclaration} style @param {number} width @param {number} height */
  #paintMarks(brush, style, width, height) {
    const position = this.#player.position;
    for (const [start, end] of this.#marks) {
      const left = this.#x(start, width);
      const right = Math.max(left + 1, this.#x(end, width));
      brush.fillStyle = style.getPropertyValue(
        start <= position && position < end ? "--view-current" : "--view-speech",
      );
      brush.fillRect(left, 0, right - left, height);
      brush.fillStyle = style.getPropertyValue("--view-edge");
      if (right - left > 4) for (const edge of [left, right - 1]) brush.fillRect(edge, 0, 1, height);
    }
  }

  /** Paint the sound in the colour of speech where it is marked, else softly. @param {CanvasRenderingContext2D} brush @param {CSSStyleDeclaration} style @param {number} width @param {number} height */
  #paintSound(brush, style, width, height) {
    const { start, end, peaks } = this.#picture;
    if (!peaks.length) return;
    const colours = [style.getPropertyValue("--view-rest"), style.getPropertyValue("--view-sound")];
    const seconds = (end - start) / peaks.length;
    let mark = 0;
    peaks.forEach(([low, high], index) => {
      const at = start + (index + 0.5) * seconds;
      while (mark < this.#marks.length && this.#marks[mark][1] <= at) mark++;
      const isSpeech = mark < this.#marks.length && this.#marks[mark][0] <= at;
      const left = this.#x(start + index * seconds, width);
      const right = this.#x(start + (index + 1) * seconds, width);
      if (right < 0 || left > width) return;
      const y = (/** @type {number} */ sample) => height / 2 - (sample / 127) * (height / 2 - EDGE);
      brush.fillStyle = colours[Number(isSpeech)];
      brush.fillRect(left, y(high), Math.max(0.6, right - left), Math.max(1, y(low) - y(high)));
    });
  }

  /** @param {CanvasRenderingContext2D} brush @param {CSSStyleDeclaration} style @param {number} width @param {number} top */
  #paintBands(brush, style, width, top) {
    for (const { kind, start, end } of this.#bands ?? []) {
      const left = this.#x(start, width);
      brush.fillStyle = style.getPropertyValue(`--view-band-${kind}`);
      const y = top + BAND_GAP + BANDS.indexOf(kind) * (BAND + BAND_GAP);
      brush.fillRect(left, y, Math.max(1, this.#x(end, width) - left), BAND);
    }
  }

  /** @param {number} seconds @param {number} width */
  #x(seconds, width) {
    return ((seconds - this.#start) / (this.#end - this.#start || 1)) * width;
  }

  /** @param {MouseEvent} event */
  #secondsAt({ clientX }) {
    const { left, width } = this.#root.getBoundingClientRect();
    return this.#start + ((clientX - left) / width) * (this.#end - this.#start);
  }

  /** @param {PointerEvent} event */
  #onPress(event) {
    if (event.button === 0 && this.#duration) this.#player.seek(this.#secondsAt(event));
  }

  /** Ctrl and the wheel (or two fingers) zoom, the wheel sideways scrolls; else the page scrolls. @param {WheelEvent} event */
  #onWheel(event) {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) this.zoom(2 ** (-event.deltaY / 200), this.#secondsAt(event));
    else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
      this.scrollTo(this.#start + (sideways / this.#root.clientWidth) * (this.#end - this.#start));
    else return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (this.#end - this.#start) * STEP_SHARE;
    /** @type {Record<string, () => void>} */
    const moves = {
      ArrowRight: () => this.#go(this.#player.position + step),
      ArrowLeft: () => this.#go(this.#player.position - step),
      ArrowUp: () => this.zoom(ZOOM),
      ArrowDown: () => this.zoom(1 / ZOOM),
      "+": () => this.zoom(ZOOM),
      "=": () => this.zoom(ZOOM),
      "-": () => this.zoom(1 / ZOOM),
      0: () => this.showAll(),
      PageDown: () => this.scrollTo(this.#end),
      PageUp: () => this.scrollTo(this.#start - (this.#end - this.#start)),
      Home: () => this.#go(0),
      End: () => this.#go(this.#duration),
      " ": () => this.#player.toggle(),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  /** @param {number} seconds */
  #go(seconds) {
    const at = Math.min(Math.max(0, seconds), this.#duration);
    this.#player.seek(at);
    this.reveal(at, at);
  }
}
