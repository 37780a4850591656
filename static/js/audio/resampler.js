const ZERO_CROSSINGS = 48; // of the sinc on each side: a transition band of 840 Hz below 8 kHz
const STOPBAND_DB = 80; // what lies above the new band comes through this much weaker
const PASSED = 0.948; // of the narrower band; its upper edge lies where the stopband must begin

/**
 * Converts a stream of samples to another rate without aliases: a Kaiser-windowed sinc with one set of taps for each
 * phase between two samples (Smith, "Digital Audio Resampling"). Output sample n is the sound at n / `to` seconds.
 */
export class Resampler {
  /** @type {Float32Array[]} */
  #filters;
  #taps;
  #step;
  /** @type {Float32Array} */
  #buffer;
  #length;
  #at = 0; // first kept sample under the filter
  #phase = 0;

  /** @param {number} from @param {number} to rates in Hz */
  constructor(from, to) {
    const divisor = greatestDivisor(from, to);
    const half = from === to ? 1 : Math.ceil((ZERO_CROSSINGS * from) / Math.min(from, to));
    this.#step = from / divisor;
    this.#taps = 2 * half;
    this.#filters = Array.from({ length: to / divisor }, (_, phase) =>
      filterOf(half, (phase * divisor) / to, to / from),
    );
    this.#buffer = new Float32Array(4 * this.#taps);
    this.#length = half - 1; // silence before the first sample
  }

  /** Samples that must follow the last one, so that all of it comes out. */
  get delay() {
    return this.#taps / 2;
  }

  /**
   * @param {Float32Array} samples
   * @param {(sample: number) => void} emit
   */
  push(samples, emit) {
    this.#keep(samples);
    const { length: phases } = this.#filters;
    while (this.#at + this.#taps <= this.#length) {
      emit(this.#value());
      this.#phase += this.#step;
      this.#at += Math.floor(this.#phase / phases);
      this.#phase %= phases;
    }
  }

  // Internal

  #value() {
    const filter = this.#filters[this.#phase];
    let sum = 0;
    for (let tap = 0; tap < filter.length; tap++) sum += filter[tap] * this.#buffer[this.#at + tap];
    return sum;
  }

  /** @param {Float32Array} samples */
  #keep(samples) {
    const gone = Math.min(this.#at, this.#length);
    this.#buffer.copyWithin(0, gone, this.#length);
    this.#length -= gone;
    this.#at -= gone;
    if (this.#length + samples.length > this.#buffer.length) {
      const wider = new Float32Array(2 * (this.#length + samples.length));
      wider.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = wider;
    }
    this.#buffer.set(samples, this.#length);
    this.#length += samples.length;
  }
}

/**
 * The taps for the sound at `fraction` of the way from the middle sample to the next one.
 *
 * @param {number} half taps on each side
 * @param {number} fraction
 * @param {number} ratio new rate to old rate
 */
function filterOf(half, fraction, ratio) {
  if (ratio === 1) return new Float32Array([1, 0]);
  const cutoff = PASSED * Math.min(1, ratio);
  const taps = Float32Array.from({ length: 2 * half }, (_, tap) => {
    const distance = tap - (half - 1) - fraction;
    return cutoff * sinc(cutoff * distance) * kaiser(distance / half);
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum); // a constant stays what it is in every phase
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser's window; its shape parameter follows from the stopband. @param {number} x -1 to 1 */
function kaiser(x) {
  const beta = 0.1102 * (STOPBAND_DB - 8.7);
  return Math.abs(x) > 1 ? 0 : bessel(beta * Math.sqrt(1 - x * x)) / bessel(beta);
}

/** The modified Bessel function of the first kind and order 0, by its series. @param {number} x */
function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} */
function greatestDivisor(a, b) {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
