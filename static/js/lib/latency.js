const REMEMBERED = 30;

/** The last of a series of figures, and the typical one: the median of the last thirty. */
export class Typical {
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

  get typical() {
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
