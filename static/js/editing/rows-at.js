/** @typedef {{ start: number, end: number }} Span seconds */

const SEEK_SLACK = 0.05; // seconds that a browser may land before the place it was sent to

/**
 * Return the row that is spoken at `seconds` or begins right after; none in a pause.
 * @template {Span} R @param {R[]} rows in the order of time @param {number} seconds
 */
export function rowAt(rows, seconds) {
  const row = rows[placeAt(rows, seconds)];
  return row && row.start <= seconds + SEEK_SLACK ? row : undefined;
}

/** Return the place of the first row that ends after `seconds`. @param {Span[]} rows @param {number} seconds */
export function placeAt(rows, seconds) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].end > seconds) high = middle;
    else low = middle + 1;
  }
  return low;
}
