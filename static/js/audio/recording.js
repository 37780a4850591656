const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"]; // Chrome and Firefox, Safari, old Firefox

/** One recording from the microphone, with pauses. */
export class Recording {
  #recorder;
  /** @type {Blob[]} */
  #pieces = [];
  #countedMs = 0;
  #runningSince = performance.now();

  /** @param {MediaStream} stream */
  constructor(stream) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#pieces.push(data));
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
    const type = this.#recorder.mimeType.split(";")[0];
    return new File(this.#pieces, `${timestamp()}.${type === "audio/mp4" ? "m4a" : type.split("/")[1]}`, { type });
  }
}

/** Name of a recording by its local time: 2026-11-22 19.04.31 */
function timestamp() {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, 19).replace("T", " ").replaceAll(":", ".");
}
