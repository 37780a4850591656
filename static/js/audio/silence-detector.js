const FAINT = 200; // of 32767 (-44 dB): speech into a working microphone is louder
const NOTHING = 2; // even a quiet room is louder, unless something mutes the microphone
const FAINT_SECONDS = 5;
const NOTHING_SECONDS = 10;

/** Tells whether anything is heard: a microphone that was never loud, or that has fallen mute, is worth a hint. */
export class SilenceDetector {
  #loudest = 0;
  #seconds = 0;
  #muteSeconds = 0;

  /**
   * Take the samples of one channel out of interleaved ones.
   *
   * @param {Int16Array} samples @param {number} rate in Hz @param {number} [channel] @param {number} [channels]
   */
  add(samples, rate, channel = 0, channels = 1) {
    let peak = 0;
    for (let at = channel; at < samples.length; at += channels) peak = Math.max(peak, Math.abs(samples[at]));
    const seconds = samples.length / channels / rate;
    this.#loudest = Math.max(this.#loudest, peak);
    this.#seconds += seconds;
    this.#muteSeconds = peak > NOTHING ? 0 : this.#muteSeconds + seconds;
  }

  get isMute() {
    const wasNeverLoud = this.#seconds > FAINT_SECONDS && this.#loudest < FAINT;
    return wasNeverLoud || this.#muteSeconds > NOTHING_SECONDS;
  }
}
