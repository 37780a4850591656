/**
 * Lock a session, so that no other tab resumes it.
 *
 * @param {string} id
 * @returns {Promise<(() => void) | null>} releases it; null where another tab holds it
 */
export function lockSession(id) {
  return new Promise((resolve) => {
    void navigator.locks.request(`funasr.live.${id}`, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}
