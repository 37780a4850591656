/**
 * Keep the screen on while something is recorded: phones that fall asleep take the microphone away. Browsers that
 * cannot do it, or a battery that is nearly empty, leave things as they are.
 */
export class ScreenWakeLock {
  #isWanted = false;
  /** @type {WakeLockSentinel | null} */
  #lock = null;

  constructor() {
    document.addEventListener("visibilitychange", () => void this.#hold()); // hidden pages lose it
  }

  /** @param {boolean} isWanted */
  set isWanted(isWanted) {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    if (isWanted) void this.#hold();
    else void this.#lock?.release();
  }

  async #hold() {
    if (!this.#isWanted || document.hidden || !("wakeLock" in navigator)) return;
    this.#lock = await navigator.wakeLock.request("screen").catch(() => null);
  }
}
