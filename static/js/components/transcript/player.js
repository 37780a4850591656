import { buttonOf, field, find, onAction, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { problemIn } from "../../api/client.js";

const FOLLOW_MS = 80; // sixty times a second would draw the page as often

/** Plays the recording; others follow its position. */
export class Player {
  #root;
  #audio;
  #button;
  #speed;
  /** Seconds, where the server has told them. @type {number | null} */
  #told = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  /** @type {((seconds: number) => void)[]} */
  #followers = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#audio = withoutControls(find(root, "audio", HTMLAudioElement));
    this.#button = buttonOf(root, "play");
    this.#speed = find(root, "[data-speed]", HTMLSelectElement);
    new ResizeObserver(() => this.#publishSize()).observe(root);
    this.#listen();
  }

  /** Seconds; infinite until it is known. */
  get duration() {
    return this.#told ?? (Number.isFinite(this.#audio.duration) ? this.#audio.duration : Infinity);
  }

  /**
   * Play what was recognised, whose times are those of the words; a recording that has only arrived plays as it came.
   *
   * @param {string} address @param {number} seconds
   */
  hear(address, seconds) {
    this.#told = seconds;
    this.#writeLength();
    if (this.#audio.src === new URL(address, location.href).href) return;
    const { position, isPlaying } = this;
    this.#audio.src = address;
    this.#audio.currentTime = position;
    this.#setSpeed();
    if (isPlaying) void this.#play();
  }

  get position() {
    return this.#audio.currentTime;
  }

  get isPlaying() {
    return !this.#audio.paused;
  }

  /** @param {(seconds: number) => void} follower */
  follow(follower) {
    this.#followers.push(follower);
  }

  toggle() {
    if (this.isPlaying) this.#audio.pause();
    else void this.#play();
  }

  pause() {
    this.#audio.pause();
  }

  resume() {
    void this.#play();
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (!Number.isFinite(seconds)) return; // the end of a recording whose length is unknown
    this.#audio.currentTime = Math.max(0, seconds);
    this.#notify();
  }

  /** Go so many seconds back or forward; return where that is. @param {number} seconds */
  move(seconds) {
    this.seek(Math.min(this.position + seconds, this.duration));
    return this.position;
  }

  /** Take the next slower or quicker of the speeds. @param {1 | -1} step */
  changeSpeed(step) {
    const { options, selectedIndex } = this.#speed;
    this.#speed.selectedIndex = Math.min(Math.max(selectedIndex + step, 0), options.length - 1);
    this.#setSpeed();
  }

  /** @param {number} seconds */
  playFrom(seconds) {
    this.seek(seconds);
    void this.#play();
  }

  // Internal

  #listen() {
    onAction(this.#root, (action) => action === "play" && this.toggle());
    this.#speed.addEventListener("change", () => this.#setSpeed());
    this.#audio.addEventListener("play", () => this.#onPlay());
    this.#audio.addEventListener("error", () => void this.#explain());
    this.#audio.addEventListener("loadedmetadata", () => this.#writeLength());
    for (const event of ["pause", "seeked", "ended"]) this.#audio.addEventListener(event, () => this.#notify());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    if (this.#audio.error) void this.#explain();
  }

  #setSpeed() {
    this.#audio.playbackRate = Number(this.#speed.value);
  }

  /** An unknown length is no zero. */
  #writeLength() {
    write(this.#root, "length", Number.isFinite(this.duration) ? clock(this.duration) : "–");
  }

  /** What sticks below the player must know how high it is. */
  #publishSize() {
    document.documentElement.style.setProperty("--player-block-size", `${this.#root.offsetHeight}px`);
  }

  async #play() {
    try {
      await this.#audio.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return; // paused before it began
      void this.#explain();
    }
  }

  /** Follow the sound as closely as words are long; the element's own events come only four times a second. */
  #onPlay() {
    this.#notify();
    clearTimeout(this.#next);
    if (this.isPlaying) this.#next = setTimeout(() => this.#onPlay(), FOLLOW_MS);
  }

  #notify() {
    if (this.#button.ariaPressed !== String(this.isPlaying)) this.#button.ariaPressed = String(this.isPlaying);
    write(this.#root, "position", clock(this.position));
    for (const follower of this.#followers) follower(this.position);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (
      event.key !== " " ||
      event.defaultPrevented ||
      target?.closest("button, a, input, select, textarea, summary, dialog, [tabindex='0']:not([role=slider])")
    )
      return;
    event.preventDefault();
    this.toggle();
  }

  /** Say why nothing is heard: the recording is gone, or this browser cannot play its format. */
  async #explain() {
    const line = field(this.#root, "player-problem");
    line.textContent =
      (await refusalOf(this.#audio.src)) ?? t("This browser cannot play this kind of file. Download it to hear it.");
    line.hidden = false;
    this.#button.disabled = true;
  }
}

/** Replace an element: its controls, once made, are drawn sixty times a second, even hidden. @param {HTMLAudioElement} audio */
function withoutControls(audio) {
  const plain = new Audio(audio.src);
  plain.preload = audio.preload;
  audio.removeAttribute("src");
  audio.replaceWith(plain);
  return plain;
}

/** @param {string} address */
async function refusalOf(address) {
  const answer = await fetch(address, { headers: { range: "bytes=0-0" } });
  if (answer.ok) return null;
  const { message, advice } = problemIn(answer.status, await answer.text());
  return `${message} ${advice}`;
}
