const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;

/** Exponential backoff with jitter; a network that comes back ends the pause. */
export class Backoff {
  #nextMs = FIRST_DELAY_MS;
  #maxMs;

  constructor(maxMs = MAX_DELAY_MS) {
    this.#maxMs = maxMs;
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} */
  pause(signal) {
    const ms = this.#nextMs * (0.75 + Math.random() / 2); // so that several clients do not retry in step
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    return new Promise((resolve, reject) => {
      const listening = new AbortController();
      const timer = setTimeout(go, ms);
      window.addEventListener("online", go, listening);
      signal.addEventListener("abort", stop, listening);
      if (signal.aborted) stop();

      function go() {
        clearTimeout(timer);
        listening.abort();
        resolve();
      }

      function stop() {
        clearTimeout(timer);
        listening.abort();
        reject(new DOMException("Stopped", "AbortError"));
      }
    });
  }

  restart() {
    this.#nextMs = FIRST_DELAY_MS;
  }
}
