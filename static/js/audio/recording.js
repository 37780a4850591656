import { t } from "../lib/messages.js";

export const clockTime = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short", hour12: false });
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"]; // Chrome and Firefox, Safari, old Firefox

/** One recording from one source, with pauses. */
export class Recording {
  #recorder;
  /** @type {Blob[]} */
  #pieces = [];
  #countedMs = 0;
  #runningSince = performance.now();

  #name;

  /**
   * @param {MediaStream} stream
   * @param {(piece: Blob, name: string, seconds: number) => void} onPiece called each second
   */
  constructor(stream, onPiece) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    const name = t("Recording {time}", { time: clockTime.format(new Date()) });
    this.#name = `${name}.${this.#suffix}`;
    this.#recorder.addEventListener("dataavailable", ({ data }) => {
      this.#pieces.push(data);
      onPiece(data, this.#name, this.seconds);
    });
    this.#recorder.start(1000); // a piece each second: what was said is not lost when the device goes away
  }

  get seconds() {
    const running = this.#recorder.state === "recording" ? performance.now() - this.#runningSince : 0;
    return (this.#countedMs + running) / 1000;
  }

  pause() {
    this.#countedMs = this.seconds * 1000;
    this.#recorder.pause();
  }

  resume() {
    this.#runningSince = performance.now();
    this.#recorder.resume();
  }

  /** End the recording. @returns {Promise<File>} */
  finish() {
    if (this.#recorder.state === "recording") this.#countedMs = this.seconds * 1000;
    return new Promise((resolve) => {
      this.#recorder.addEventListener("stop", () => resolve(this.#file()), { once: true });
      this.#recorder.stop();
    });
  }

  #file() {
    return new File(this.#pieces, this.#name, { type: this.#type });
  }

  get #type() {
    return this.#recorder.mimeType.split(";")[0];
  }

  get #suffix() {
    return this.#type === "audio/mp4" ? "m4a" : this.#type.split("/")[1] || "webm";
  }
}
