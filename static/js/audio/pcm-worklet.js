/// <reference path="./worklet.d.ts" />
import { Resampler } from "./resampler.js";

const RATE = 16_000; // Hz
const CHUNK_SAMPLES = RATE / 10;
const QUANTUM = 128; // samples of one call, in every browser so far

/** One source of sound on its way to 16 kHz mono. */
class Channel {
  #resampler = new Resampler(Math.round(sampleRate), RATE);
  #mono = new Float32Array(QUANTUM);
  #samples = new Float32Array(8 * QUANTUM);
  length = 0; // of what is ready

  /** @param {Float32Array[] | undefined} channels of the source; none while it delivers nothing @param {number} length of what others deliver */
  push(channels, length) {
    this.#resampler.push(this.#mix(channels ?? [], length), this.#keep);
  }

  /** Bring out what is left in the resampler. */
  finish() {
    this.#resampler.push(new Float32Array(this.#resampler.delay), this.#keep);
  }

  /** @param {number} index */
  at(index) {
    return this.#samples[index];
  }

  /** @param {number} count */
  drop(count) {
    this.#samples.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** @param {Float32Array[]} channels @param {number} length */
  #mix(channels, length) {
    if (channels.length === 1) return channels[0];
    if (this.#mono.length !== length) this.#mono = new Float32Array(length);
    this.#mono.fill(0);
    for (const channel of channels) {
      for (let index = 0; index < length; index++) this.#mono[index] += channel[index] / channels.length;
    }
    return this.#mono;
  }

  /** @param {number} sample */
  #keep = (sample) => {
    if (this.length === this.#samples.length) {
      const wider = new Float32Array(2 * this.length);
      wider.set(this.#samples);
      this.#samples = wider;
    }
    this.#samples[this.length++] = sample;
  };
}

/** Turns sources, whatever their rate, into interleaved 16 kHz int16, and posts it 100 ms at a time. */
class PcmProcessor extends AudioWorkletProcessor {
  /** @type {Channel[]} */
  #channels;
  /** @type {Int16Array} */
  #chunk;
  #filled = 0; // samples of all channels
  #isOver = false;

  /** @param {{processorOptions: {channels: number}}} options */
  constructor({ processorOptions: { channels } }) {
    super();
    this.#channels = Array.from({ length: channels }, () => new Channel());
    this.#chunk = new Int16Array(CHUNK_SAMPLES * channels);
    this.port.onmessage = ({ data }) => this.#flush(data === "finish");
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const length = inputs.find((channels) => channels.length)?.[0].length;
    if (!this.#isOver && length) {
      for (const [index, channel] of this.#channels.entries()) channel.push(inputs[index], length);
      this.#interleave();
    }
    return !this.#isOver;
  }

  #interleave() {
    const ready = Math.min(...this.#channels.map(({ length }) => length));
    for (let index = 0; index < ready; index++) {
      for (const channel of this.#channels) this.#chunk[this.#filled++] = asInteger(channel.at(index));
      if (this.#filled === this.#chunk.length) this.#post();
    }
    for (const channel of this.#channels) channel.drop(ready);
  }

  #post() {
    const samples = this.#chunk.slice(0, this.#filled);
    this.#filled = 0;
    this.port.postMessage(samples, [samples.buffer]);
  }

  /** Post what is left; null says that this was all so far. @param {boolean} isLast */
  #flush(isLast) {
    if (isLast && !this.#isOver) {
      for (const channel of this.#channels) channel.finish();
      this.#interleave();
    }
    this.#isOver ||= isLast;
    if (this.#filled) this.#post();
    this.port.postMessage(null);
  }
}

/** @param {number} sample -1 to 1 */
function asInteger(sample) {
  return Math.round(32767 * Math.max(-1, Math.min(1, sample)));
}

registerProcessor("pcm", PcmProcessor);
