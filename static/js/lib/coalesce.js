const REST_MS = 500;

/**
 * Wrap `work` so that calls while it runs lead to one more run after it, however many they were.
 *
 * @param {() => Promise<void>} work
 * @returns {() => void}
 */
export function oneAtATime(work) {
  let isRunning = false;
  let isWanted = false;
  return run;

  async function run() {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work().catch(() => undefined); // a lost connection is told by the stream of events
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
    isRunning = false;
  }
}
