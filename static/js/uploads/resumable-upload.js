/** @import { Upload } from "../api/types.js" */
import { Refusal } from "../api/client.js";
import { announceUpload, getUpload, sendSlice } from "../api/batches.js";
import { Backoff } from "../lib/backoff.js";

const SLICE_BYTES = 4 * 1024 * 1024; // what a broken connection can cost; small enough for slow lines
const STALL_MS = 10_000; // a live connection moves something in this time
const PASSING = new Set([408, 425, 429, 502, 503, 504]); // answers that a later try may not get

/**
 * How one file is sent. `sent` hears how many bytes the server has said are on its disk plus those on their
 * way; `waits` hears whether a broken connection is waited for.
 *
 * @typedef {{signal: AbortSignal, sent: (bytes: number, acknowledged: number) => void, waits: (isWaiting: boolean) => void}} Watch
 */

/**
 * Tell the server of a file and get the place of its upload: a new one, or the one that was begun before.
 *
 * @param {string} batch
 * @param {{file: File, path: string}} wanted
 * @param {Watch} watch
 * @returns {Promise<Upload>}
 */
export function announce(batch, { file, path }, watch) {
  return steadily(() => announceUpload(batch, file, path), watch);
}

/**
 * Send what the server lacks of `file`, slice by slice, across broken connections. It resolves when the server has
 * said that everything is on its disk.
 *
 * @param {File} file
 * @param {Upload} upload
 * @param {Watch} watch
 */
export async function sendRest(file, upload, watch) {
  let { offset } = upload;
  while (offset < file.size) {
    const begin = offset;
    const slice = file.slice(begin, begin + SLICE_BYTES);
    let isFirstTry = true;
    ({ offset } = await steadily(async () => {
      // After a break only the server knows what has arrived.
      const place = isFirstTry ? begin : (await getUpload(upload.id)).offset;
      if (!isFirstTry) await slice.slice(0, 1).arrayBuffer(); // fails where the file itself is gone
      isFirstTry = false;
      watch.sent(place, place);
      if (place !== begin) return { offset: place };
      return sendSlice(upload.id, begin, slice, {
        signal: watch.signal,
        stallMs: STALL_MS,
        onProgress: (bytes) => watch.sent(begin + bytes, begin),
      });
    }, watch));
    watch.sent(offset, offset);
  }
}

/**
 * Do `work` until it is done or refused; only what a later try may heal is tried again.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {Watch} watch
 * @returns {Promise<T>}
 */
async function steadily(work, watch) {
  const backoff = new Backoff();
  for (;;) {
    watch.signal.throwIfAborted();
    try {
      const result = await work();
      watch.waits(false);
      return result;
    } catch (error) {
      if (!mayHeal(error)) throw error;
      watch.waits(true);
      await backoff.pause(watch.signal);
    }
  }
}

/** @param {unknown} error */
function mayHeal(error) {
  if (error instanceof Refusal) return PASSING.has(error.status) || error.problem.code === "upload_offset_conflict";
  return error instanceof TypeError; // what fetch and XMLHttpRequest say of a broken connection
}
