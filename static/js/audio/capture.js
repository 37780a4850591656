/** @import { SoundSources } from "./sound-sources.js" */
import { t } from "../lib/messages.js";
import { CaptureProblem } from "./capture-problem.js";

const STARTING_MS = 5000;
const FLUSH_MS = 500; // a worklet whose device is gone may not answer

/** Takes sound as 16 kHz int16, 100 ms at a time; several sources are interleaved channels. */
export class Capture {
  #context;
  #node;
  #sources;
  #isClosed = false;

  /**
   * Raises CaptureProblem.
   *
   * @param {SoundSources} sources
   * @param {(samples: Int16Array<ArrayBuffer>) => void} onSamples
   */
  static async open(sources, onSamples) {
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(new URL("./pcm-worklet.js", import.meta.url));
    await begun(context);
    const channels = sources.streams.length;
    const node = new AudioWorkletNode(context, "pcm", {
      numberOfInputs: channels,
      numberOfOutputs: 0,
      processorOptions: { channels },
    });
    context.onstatechange = () => context.state === "suspended" && void context.resume();
    node.port.onmessage = ({ data }) => data && onSamples(data);
    for (const [channel, stream] of sources.streams.entries())
      context.createMediaStreamSource(stream).connect(node, 0, channel);
    return new Capture(context, node, sources);
  }

  /** @param {AudioContext} context @param {AudioWorkletNode} node @param {SoundSources} sources */
  constructor(context, node, sources) {
    this.#context = context;
    this.#node = node;
    this.#sources = sources;
  }

  /** Phones interrupt the sound for a call; it goes on as soon as it may. */
  wake() {
    if (this.#context.state !== "running") void this.#context.resume().catch(() => undefined);
  }

  /** Deliver what was heard until now. @returns {Promise<void>} */
  flush() {
    return this.#flush("flush");
  }

  /** Deliver what is left, then let go of the sources. @returns {Promise<void>} */
  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#flush("finish");
    this.#sources.stop();
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
  throw new CaptureProblem({
    code: "sound_system_asleep",
    message: t("The sound system of this browser does not start."),
    advice: t(
      "Firefox records only where it can also play: connect loudspeakers or headphones, then try again, or use Chrome or Edge.",
    ),
  });
}
