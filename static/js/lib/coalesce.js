const INTERVAL_MS = 500;

/**
 * Wrap `work` so that calls while it runs lead to one more run after it, however many they were.
 *
 * @param {() => Promise<void>} work
 * @returns {() => void}
 */
export function coalesced(work) {
  let isRunning = false;
  let isWanted = false;
  return run;

  async function run() {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work().catch(() => undefined); // the event stream reports a lost connection
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
    isRunning = false;
  }
}
