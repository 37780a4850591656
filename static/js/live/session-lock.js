/**
 * Hold a take, so that no other tab goes on with it.
 *
 * @param {string} id
 * @returns {Promise<(() => void) | null>} lets it go; null where another tab holds it
 */
export function holdTake(id) {
  return new Promise((resolve) => {
    void navigator.locks.request(`funasr.live.${id}`, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}
