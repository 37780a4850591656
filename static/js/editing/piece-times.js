/** @import { Piece } from "../api/types.js" */

/** As the server stores times. @param {number} seconds */
export const rounded = (seconds) => Math.round(seconds * 1000) / 1000;

/**
 * Guess the borders that the server has not told yet, as it does where a text has no words: pieces between two known
 * times share the time by their lengths.
 *
 * @param {Piece[]} pieces @param {number} start @param {number} end
 * @returns {{start: number, end: number}[]}
 */
export function timesOf(pieces, start, end) {
  const known = pieces.flatMap((piece, index) => (index === 0 || piece.start !== null ? [index] : []));
  return known.flatMap((first, place) => {
    const next = known[place + 1] ?? pieces.length;
    const group = pieces.slice(first, next);
    const until = group.at(-1)?.end ?? pieces[next]?.start ?? end;
    return shared(group, group[0].start ?? start, until);
  });
}

/** @param {Piece[]} pieces @param {number} start @param {number} end */
function shared(pieces, start, end) {
  const lengths = pieces.map(({ text }) => [...text].length);
  const total = lengths.reduce((sum, length) => sum + length, 0) || 1;
  let written = 0;
  return lengths.map((length, index) => {
    const begin = start + ((end - start) * written) / total;
    written += length;
    const isLast = index === pieces.length - 1;
    return { start: begin, end: isLast ? end : start + ((end - start) * written) / total };
  });
}
