import { openComputerSound } from "./computer-sound.js";
import { openMicrophone } from "./microphone.js";

/**
 * @typedef {"microphone" | "computer"} SourceName
 * @typedef {SourceName | "both"} SourceKind
 * @typedef {{device?: string, needs?: "MediaRecorder" | "AudioWorkletNode", former?: SoundSources | null}} Wish
 */

/** @type {Record<SourceKind, SourceName[]>} */
const NAMES = { microphone: ["microphone"], computer: ["computer"], both: ["microphone", "computer"] };

/** How many channels a recording of these has. @param {SourceKind} kind */
export const channelsOf = (kind) => NAMES[kind].length;

/** What is recorded: the microphone, the sound of the computer, or both, each on a channel of its own. */
export class SoundSources {
  #streams;

  /**
   * Ask for them; of a `former` selection the sound of the computer is taken over as long as it is shared, so that
   * nobody is asked twice. Raises CaptureProblem.
   *
   * @param {SourceKind} kind
   * @param {Wish} [wish]
   */
  static async open(kind, { device, needs = "AudioWorkletNode", former = null } = {}) {
    /** @type {Map<SourceName, MediaStream>} */
    const streams = new Map();
    const hearsOthers = kind === "both";
    try {
      // first: it is only lent right after a person's click
      if (kind !== "microphone") streams.set("computer", former?.copyOf("computer") ?? (await openComputerSound()));
      if (kind !== "computer") streams.set("microphone", await openMicrophone({ device, needs, hearsOthers }));
    } catch (error) {
      stopAll(streams.values());
      throw error;
    }
    return new SoundSources(kind, streams);
  }

  /** @param {SourceKind} kind @param {Map<SourceName, MediaStream>} streams */
  constructor(kind, streams) {
    this.kind = kind;
    this.#streams = streams;
  }

  /** In the order of the channels. */
  get names() {
    return NAMES[this.kind];
  }

  /** One for each channel. */
  get streams() {
    return this.names.map((name) => this.#streams.get(name) ?? new MediaStream());
  }

  /** Whether all of them still deliver. */
  get areActive() {
    return this.streams.every(isLive);
  }

  /** @param {SourceName} name */
  stream(name) {
    return this.#streams.get(name) ?? null;
  }

  /** A stream of the same sound that may outlive this one; none where it has ended. @param {SourceName} name */
  copyOf(name) {
    const stream = this.#streams.get(name);
    return stream && isLive(stream) ? stream.clone() : null;
  }

  /** Call `ended` when one goes away: unplugged, no longer shared. @param {(name: SourceName) => void} ended */
  onEnded(ended) {
    for (const [name, stream] of this.#streams)
      for (const track of stream.getAudioTracks()) track.addEventListener("ended", () => ended(name));
  }

  /** @param {boolean} isEnabled */
  enable(isEnabled) {
    for (const stream of this.#streams.values()) for (const track of stream.getAudioTracks()) track.enabled = isEnabled;
  }

  stop() {
    stopAll(this.#streams.values());
  }
}

/** A stream itself is told a little later than its tracks. @param {MediaStream} stream */
const isLive = (stream) => stream.getAudioTracks().some(({ readyState }) => readyState === "live");

/** @param {Iterable<MediaStream>} streams */
function stopAll(streams) {
  for (const stream of streams) for (const track of stream.getTracks()) track.stop();
}
