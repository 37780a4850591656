const SLACK_SECONDS = 0.02; // players do not stop on the sample
const LEAP_SECONDS = 0.5; // beyond the end by more: somebody has moved the player

/** Plays stretches of a recording, once or again and again; others follow its position. */
export class StretchPlayer {
  #audio;
  /** @type {{start: number, end: number} | null} */
  #stretch = null;
  /** @type {((seconds: number) => void)[]} */
  #followers = [];
  /** Whether a stretch begins anew at its end. */
  loops = false;

  /** @param {HTMLAudioElement} audio */
  constructor(audio) {
    this.#audio = audio;
    audio.addEventListener("play", () => {
      this.#letGoOutside();
      this.#onFrame();
    });
    for (const event of ["pause", "seeked", "ended"]) audio.addEventListener(event, () => this.#tell());
  }

  get position() {
    return this.#audio.currentTime;
  }

  get isPlaying() {
    return !this.#audio.paused;
  }

  /** What plays or was stopped last. */
  get stretch() {
    return this.#stretch;
  }

  /** @param {(seconds: number) => void} follower */
  follow(follower) {
    this.#followers.push(follower);
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.#stretch = null;
    this.#audio.currentTime = Math.max(0, seconds);
    this.#tell();
  }

  toggle() {
    if (this.isPlaying) this.#audio.pause();
    else void this.#play();
  }

  /** Play one stretch; if it plays already, stop. @param {number} start @param {number} end */
  playStretch(start, end) {
    const isSame = this.#stretch?.start === start && this.#stretch.end === end;
    if (isSame && this.isPlaying) return this.#audio.pause();
    this.#stretch = { start, end };
    this.#audio.currentTime = start;
    void this.#play();
  }

  stop() {
    this.#audio.pause();
    this.#stretch = null;
  }

  // Internal

  async #play() {
    await this.#audio.play().catch(() => undefined); // the element's error event says why
  }

  /** Follow the sound frame by frame; the element's own events come only four times a second. */
  #onFrame() {
    this.#keepInside();
    this.#tell();
    if (this.isPlaying) requestAnimationFrame(() => this.#onFrame());
  }

  /** Whoever plays from elsewhere wants to hear on. */
  #letGoOutside() {
    const { start, end } = this.#stretch ?? { start: 0, end: Infinity };
    if (this.position < start - SLACK_SECONDS || this.position > end - SLACK_SECONDS) this.#stretch = null;
  }

  #keepInside() {
    if (!this.#stretch || this.position < this.#stretch.end) return;
    if (this.position > this.#stretch.end + LEAP_SECONDS) return void (this.#stretch = null);
    if (this.loops) this.#audio.currentTime = this.#stretch.start;
    else this.#audio.pause();
  }

  #tell() {
    for (const follower of this.#followers) follower(this.position);
  }
}
