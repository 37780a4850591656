const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/** Ever longer pauses between tries; a network that comes back ends the pause. */
export class Waiting {
  #nextMs = FIRST_WAIT_MS;
  #longestMs;

  constructor(longestMs = LONGEST_WAIT_MS) {
    this.#longestMs = longestMs;
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} */
  pause(signal) {
    const ms = this.#nextMs * (0.75 + Math.random() / 2); // several senders shall not come back in step
    this.#nextMs = Math.min(this.#nextMs * 2, this.#longestMs);
    return new Promise((resolve, reject) => {
      const heard = new AbortController();
      const timer = setTimeout(go, ms);
      window.addEventListener("online", go, heard);
      signal.addEventListener("abort", stop, heard);
      if (signal.aborted) stop();

      function go() {
        clearTimeout(timer);
        heard.abort();
        resolve();
      }

      function stop() {
        clearTimeout(timer);
        heard.abort();
        reject(new DOMException("Stopped", "AbortError"));
      }
    });
  }

  restart() {
    this.#nextMs = FIRST_WAIT_MS;
  }
}
