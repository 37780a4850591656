/** @import { SoundSources } from "./sound-sources.js" */
import { t } from "../lib/messages.js";
import { Capture } from "./capture.js";
import { clockTime } from "./recording.js";
import { UNKNOWN_BYTES, wavHead } from "./wav.js";

const RATE = 16_000; // samples a second
const PIECE_CHUNKS = 10; // a second

/**
 * One recording of several sources as a WAV file with a channel for each. What MediaRecorder makes of two channels lets
 * a little of each be heard on the other, and speech that faint is still recognised.
 */
export class PcmRecording {
  /** @type {Int16Array<ArrayBuffer>[]} */
  #chunks = [];
  #samples = 0; // of all channels
  #stored = 0; // chunks that were handed on
  #channels;
  #name;
  #onPiece;
  #isPaused = false;
  /** @type {Capture | null} */
  #capture = null;

  /**
   * Raises CaptureProblem.
   *
   * @param {SoundSources} sources
   * @param {(piece: Blob, name: string, seconds: number) => void} onPiece called each second; the pieces one after the other are a file
   */
  static async begin(sources, onPiece) {
    const recording = new PcmRecording(sources.streams.length, onPiece);
    recording.#capture = await Capture.open(sources, (samples) => recording.#add(samples));
    return recording;
  }

  /** @param {number} channels @param {(piece: Blob, name: string, seconds: number) => void} onPiece */
  constructor(channels, onPiece) {
    this.#channels = channels;
    this.#onPiece = onPiece;
    this.#name = `${t("Recording {time}", { time: clockTime.format(new Date()) })}.wav`;
  }

  get seconds() {
    return this.#samples / RATE / this.#channels;
  }

  pause() {
    this.#isPaused = true;
  }

  resume() {
    this.#isPaused = false;
    this.#capture?.wake();
  }

  /** End the recording. @returns {Promise<File>} */
  async finish() {
    await this.#capture?.close();
    return new File([wavHead(2 * this.#samples, RATE, this.#channels), ...this.#chunks], this.#name, {
      type: "audio/wav",
    });
  }

  // Internal

  /** @param {Int16Array<ArrayBuffer>} samples */
  #add(samples) {
    if (this.#isPaused) return;
    this.#chunks.push(samples);
    this.#samples += samples.length;
    if (this.#chunks.length - this.#stored >= PIECE_CHUNKS) this.#store();
  }

  #store() {
    const head = this.#stored ? [] : [wavHead(UNKNOWN_BYTES, RATE, this.#channels)];
    this.#onPiece(
      new Blob([...head, ...this.#chunks.slice(this.#stored)], { type: "audio/wav" }),
      this.#name,
      this.seconds,
    );
    this.#stored = this.#chunks.length;
  }
}
