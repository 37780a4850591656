const WINDOW_MS = 8000; // long enough to be calm, short enough to follow the network

/** Measures bytes per second over the last few seconds. */
export class ThroughputMeter {
  /** @type {{at: number, value: number}[]} */
  #samples = [];

  /** @param {number} value @param {number} [at] milliseconds */
  add(value, at = performance.now()) {
    const last = this.#samples.at(-1);
    if (last && value < last.value) this.#samples = []; // it began anew
    this.#samples.push({ at, value });
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW_MS) this.#samples.shift();
  }

  /** Units per second; null until that can be told. */
  get perSecond() {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at - first.at < 500) return null;
    return (1000 * (last.value - first.value)) / (last.at - first.at);
  }
}
