const FAINT = 200; // of 32767 (-44 dB): speech into a working microphone is louder
const NOTHING = 2; // even a quiet room is louder, unless something mutes the microphone
const FAINT_SECONDS = 5;
const NOTHING_SECONDS = 10;

/** Tells whether anything is heard: a microphone that was never loud, or that has fallen mute, is worth a hint. */
export class SilenceDetector {
  #loudest = 0;
  #seconds = 0;
  #muteSeconds = 0;

  /** @param {Int16Array} samples @param {number} rate in Hz */
  add(samples, rate) {
    const peak = samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
    this.#loudest = Math.max(this.#loudest, peak);
    this.#seconds += samples.length / rate;
    this.#muteSeconds = peak > NOTHING ? 0 : this.#muteSeconds + samples.length / rate;
  }

  get isMute() {
    const wasNeverLoud = this.#seconds > FAINT_SECONDS && this.#loudest < FAINT;
    return wasNeverLoud || this.#muteSeconds > NOTHING_SECONDS;
  }
}
