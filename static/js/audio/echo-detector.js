const CHANNELS = 2; // the microphone and the computer
const FEWEST = 40; // chunks in which the computer was heard, before anything is said
const MOST = 150; // that are looked at: 15 seconds
const DELAYS = [0, 1, 2, 3]; // chunks that the way from the loudspeaker to the microphone may take
const AUDIBLE = 150; // of 32767, root mean square
const ALIKE = 0.7; // correlation of the loudness; of two people who talk to each other it is below 0.3

/** Tells whether the microphone hears what the computer plays: then the others are written twice. */
export class EchoDetector {
  /** @type {[microphone: number, computer: number][]} */
  #levels = [];

  /** @param {Int16Array} samples of the microphone and the computer, interleaved: a tenth of a second */
  add(samples) {
    this.#levels.push([levelOf(samples, 0), levelOf(samples, 1)]);
    if (this.#levels.length > MOST) this.#levels.shift();
  }

  get isEcho() {
    return DELAYS.some((delay) => this.#likeness(delay) > ALIKE);
  }

  /** How alike the loudness of the computer and, so much later, of the microphone is. @param {number} delay in chunks */
  #likeness(delay) {
    const computer = this.#levels.slice(0, this.#levels.length - delay).map(([, level]) => level);
    const microphone = this.#levels.slice(delay).map(([level]) => level);
    if (computer.filter((level) => level > Math.log(AUDIBLE)).length < FEWEST) return 0;
    return correlation(computer, microphone);
  }
}

/** The loudness of one channel, as a logarithm. @param {Int16Array} samples @param {number} channel */
function levelOf(samples, channel) {
  let sum = 0;
  for (let at = channel; at < samples.length; at += CHANNELS) sum += samples[at] ** 2;
  return Math.log(Math.max(1, Math.sqrt((sum * CHANNELS) / Math.max(CHANNELS, samples.length))));
}

/** @param {number[]} left @param {number[]} right */
function correlation(left, right) {
  const [leftMean, rightMean] = [left, right].map(
    (values) => values.reduce((sum, each) => sum + each, 0) / values.length,
  );
  let [both, ofLeft, ofRight] = [0, 0, 0];
  for (let index = 0; index < left.length; index++) {
    const [a, b] = [left[index] - leftMean, right[index] - rightMean];
    both += a * b;
    ofLeft += a * a;
    ofRight += b * b;
  }
  return both / Math.sqrt(ofLeft * ofRight || 1);
}
