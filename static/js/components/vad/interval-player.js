const SLACK_SECONDS = 0.02; // players do not stop on the sample
const LEAP_SECONDS = 0.5; // beyond the end by more: somebody has moved the player

/** Plays intervals of a recording, once or again and again; others follow its position. */
export class IntervalPlayer {
  #audio;
  /** @type {{start: number, end: number} | null} */
  #interval = null;
  /** @type {((seconds: number) => void)[]} */
  #followers = [];
  #frame = 0;
  /** Whether an interval begins anew at its end. */
  loops = false;

  /** @param {HTMLAudioElement} audio */
  constructor(audio) {
    this.#audio = audio;
    audio.addEventListener("play", () => {
      this.#letGoOutside();
      this.#onFrame();
    });
    for (const event of ["pause", "seeked", "ended"]) audio.addEventListener(event, () => this.#notify());
  }

  get position() {
    return this.#audio.currentTime;
  }

  get isPlaying() {
    return !this.#audio.paused;
  }

  /** What plays or was stopped last. */
  get interval() {
    return this.#interval;
  }

  /** @param {(seconds: number) => void} follower */
  follow(follower) {
    this.#followers.push(follower);
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.#interval = null;
    this.#audio.currentTime = Math.max(0, seconds);
    this.#notify();
  }

  toggle() {
    if (this.isPlaying) this.#audio.pause();
    else void this.#play();
  }

  /** Play one interval; if it plays already, stop. @param {number} start @param {number} end */
  playInterval(start, end) {
    const isSame = this.#interval?.start === start && this.#interval.end === end;
    if (isSame && this.isPlaying) return this.#audio.pause();
    this.#interval = { start, end };
    this.#audio.currentTime = start;
    if (this.isPlaying) this.#onFrame();
    else void this.#play();
  }

  stop() {
    this.#audio.pause();
    this.#interval = null;
  }

  // Internal

  async #play() {
    await this.#audio.play().catch(() => undefined); // the element's error event says why
  }

  /** Follow the sound frame by frame; the element's own events come only four times a second. */
  #onFrame() {
    this.#keepInside();
    this.#notify();
    cancelAnimationFrame(this.#frame);
    if (this.isPlaying && (this.#interval || this.#followers.length))
      this.#frame = requestAnimationFrame(() => this.#onFrame());
  }

  /** Whoever plays from elsewhere wants to hear on. */
  #letGoOutside() {
    const { start, end } = this.#interval ?? { start: 0, end: Infinity };
    if (this.position < start - SLACK_SECONDS || this.position > end - SLACK_SECONDS) this.#interval = null;
  }

  #keepInside() {
    if (!this.#interval || this.position < this.#interval.end) return;
    if (this.position > this.#interval.end + LEAP_SECONDS) return void (this.#interval = null);
    if (this.loops) this.#audio.currentTime = this.#interval.start;
    else this.#audio.pause();
  }

  #notify() {
    for (const follower of this.#followers) follower(this.position);
  }
}
