import { t } from "../lib/messages.js";
import { MicrophoneProblem } from "./microphone.js";

const STARTING_MS = 5000;
const FLUSH_MS = 500; // a worklet whose device is gone may not answer

/** Takes the sound of a microphone as 16 kHz mono int16, 100 ms at a time. */
export class Capture {
  #context;
  #node;
  #stream;
  #isClosed = false;

  /**
   * Raises MicrophoneProblem.
   *
   * @param {MediaStream} stream
   * @param {(samples: Int16Array<ArrayBuffer>) => void} onSamples
   */
  static async open(stream, onSamples) {
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(new URL("./pcm-worklet.js", import.meta.url));
    await begun(context);
    const node = new AudioWorkletNode(context, "pcm", { numberOfInputs: 1, numberOfOutputs: 0 });
    context.onstatechange = () => context.state === "suspended" && void context.resume();
    node.port.onmessage = ({ data }) => data && onSamples(data);
    context.createMediaStreamSource(stream).connect(node);
    return new Capture(context, node, stream);
  }

  /** @param {AudioContext} context @param {AudioWorkletNode} node @param {MediaStream} stream */
  constructor(context, node, stream) {
    this.#context = context;
    this.#node = node;
    this.#stream = stream;
  }

  /** Phones interrupt the sound for a call; it goes on as soon as it may. */
  wake() {
    if (this.#context.state !== "running") void this.#context.resume().catch(() => undefined);
  }

  /** Deliver what was heard until now. @returns {Promise<void>} */
  flush() {
    return this.#flush("flush");
  }

  /** Deliver what is left, then let go of the microphone. @returns {Promise<void>} */
  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#flush("finish");
    for (const track of this.#stream.getTracks()) track.stop();
    void this.#context.close(); // nothing depends on when the sound system has done it
  }

  // Internal

  /** @param {"flush" | "finish"} what @returns {Promise<void>} */
  #flush(what) {
    return new Promise((resolve) => {
      const answered = new AbortController();
      const done = () => {
        clearTimeout(timer);
        answered.abort();
        resolve();
      };
      const timer = setTimeout(done, FLUSH_MS);
      this.#node.port.addEventListener("message", ({ data }) => data === null && done(), answered);
      this.#node.port.postMessage(what);
    });
  }
}

/** Wait until a context runs; Firefox's never does on a computer that cannot play sound. @param {AudioContext} context */
async function begun(context) {
  const isLate = new Promise((resolve) => setTimeout(resolve, STARTING_MS, true));
  if (!(await Promise.race([context.resume(), isLate]))) return;
  void context.close();
  throw new MicrophoneProblem({
    code: "sound_system_asleep",
    message: t("The sound system of this browser does not start."),
    advice: t(
      "Firefox records only where it can also play: connect loudspeakers or headphones, then try again, or use Chrome or Edge.",
    ),
  });
}
