/** @import { ChunkStore, SessionRecord } from "./chunk-store.js" */
import { channelsOf } from "../audio/sound-sources.js";

export const RATE = 16_000; // samples a second

/**
 * The numbered chunks of one session that the server has not said to be on its disk. They are stored in memory, and in
 * the browser's storage so that a reload does not lose them.
 */
export class SendQueue {
  /** @type {Int16Array<ArrayBuffer>[]} */
  #chunks;
  #first;
  #store;
  #record;
  #samples = 0; // of all channels

  /**
   * @param {ChunkStore} store
   * @param {SessionRecord} record
   * @param {{first: number, chunks: Int16Array<ArrayBuffer>[]}} [stored] from before a reload
   */
  constructor(store, record, stored = { first: 0, chunks: [] }) {
    this.#store = store;
    this.#record = record;
    this.#first = stored.first;
    this.#chunks = stored.chunks;
    this.#samples = stored.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  get channels() {
    return channelsOf(this.#record.source ?? "microphone");
  }

  /** Number of the next chunk. */
  get end() {
    return this.#first + this.#chunks.length;
  }

  get first() {
    return this.#first;
  }

  /** Seconds that only this browser has. */
  get seconds() {
    return this.#samples / RATE / this.channels;
  }

  /** All that is stored, oldest first. */
  get chunks() {
    return this.#chunks;
  }

  /** @param {Int16Array<ArrayBuffer>} samples */
  add(samples) {
    void this.#store.put(this.#record, this.end, samples);
    this.#chunks.push(samples);
    this.#samples += samples.length;
  }

  /** @param {number} number */
  chunk(number) {
    return this.#chunks[number - this.#first];
  }

  /** Everything before `next` is on the server's disk. @param {number} next */
  acknowledge(next) {
    if (next <= this.#first) return;
    const gone = this.#chunks.splice(0, next - this.#first);
    this.#samples -= gone.reduce((sum, { length }) => sum + length, 0);
    this.#first = next;
    void this.#store.dropBefore(this.#record, next);
  }
}
