const REMEMBERED = 30;

/** The last latency, and the median of the last thirty. */
export class LatencyMeter {
  /** @type {number[]} */
  #values = [];

  /** @param {number} value */
  add(value) {
    this.#values.push(value);
    if (this.#values.length > REMEMBERED) this.#values.shift();
  }

  get last() {
    return this.#values.at(-1) ?? null;
  }

  get median() {
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
