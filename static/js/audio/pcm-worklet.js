/// <reference path="./worklet.d.ts" />
import { Resampler } from "./resampler.js";

const RATE = 16_000; // Hz
const CHUNK_SAMPLES = RATE / 10;
const QUANTUM = 128; // samples of one call, in every browser so far

/** Turns the sound of a microphone, whatever its rate, into 16 kHz mono int16, and posts it 100 ms at a time. */
class PcmProcessor extends AudioWorkletProcessor {
  #resampler = new Resampler(Math.round(sampleRate), RATE);
  #mono = new Float32Array(QUANTUM);
  #chunk = new Int16Array(CHUNK_SAMPLES);
  #filled = 0;
  #isOver = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#flush(data === "finish");
  }

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    if (!this.#isOver && channels?.length) this.#resampler.push(this.#mix(channels), this.#emit);
    return !this.#isOver;
  }

  /** @param {Float32Array[]} channels */
  #mix(channels) {
    if (channels.length === 1) return channels[0];
    if (this.#mono.length !== channels[0].length) this.#mono = new Float32Array(channels[0].length);
    this.#mono.fill(0);
    for (const channel of channels) {
      for (let index = 0; index < channel.length; index++) this.#mono[index] += channel[index] / channels.length;
    }
    return this.#mono;
  }

  /** @param {number} sample -1 to 1 */
  #emit = (sample) => {
    this.#chunk[this.#filled++] = Math.round(32767 * Math.max(-1, Math.min(1, sample)));
    if (this.#filled === CHUNK_SAMPLES) this.#post();
  };

  #post() {
    const samples = this.#chunk.slice(0, this.#filled);
    this.#filled = 0;
    this.port.postMessage(samples, [samples.buffer]);
  }

  /** Post what is left; null says that this was all so far. @param {boolean} isLast */
  #flush(isLast) {
    if (isLast && !this.#isOver) this.#resampler.push(new Float32Array(this.#resampler.delay), this.#emit);
    this.#isOver ||= isLast;
    if (this.#filled) this.#post();
    this.port.postMessage(null);
  }
}

registerProcessor("pcm", PcmProcessor);
