/** @import { Edits } from "./edited-text.js" */
/** @import { Change, Edit } from "../api/types.js" */

/** @typedef {{text: string, start?: number | null, end?: number | null}} TimedText */

const SAME_SECONDS = 0.005; // the server rounds to milliseconds
const MAX_REQUEST_BYTES = 50_000; // the server reads no larger request into its memory than 64 KB

/**
 * Return what leads from `before` to `after`: what is taken back first, so that no change cuts through an edit.
 *
 * @param {Edits} before
 * @param {Edits} after
 * @returns {Change[]}
 */
export function changesBetween(before, after) {
  const gone = [...before.values()].filter(({ first, last }) => (after.get(first)?.last ?? -1) < last); // others are written over
  const come = [...after.values()].filter((edit) => !isSame(edit, before.get(edit.first)));
  return [...gone.map(({ first, last }) => ({ first, last, pieces: [] })), ...come.map(changeOf)];
}

/**
 * Return `edits` with `changes` made. What they touch must be theirs: see `clashes`.
 *
 * @param {Edits} edits
 * @param {Change[]} changes
 * @returns {Edits}
 */
export function withChanges(edits, changes) {
  const made = new Map(edits);
  for (const { first, last, pieces } of changes) {
    for (const edit of [...made.values()]) if (touch(edit, { first, last })) made.delete(edit.first);
    if (pieces.length)
      made.set(first, { first, last, pieces: pieces.map((piece) => ({ ...piece, text_raw: "", words: null })) });
  }
  return made;
}

/**
 * Return as many of `changes` as one request may carry, the first of them, and what is there when they are made.
 *
 * @param {Edits} before
 * @param {Edits} after
 * @param {Change[]} changes that lead from one to the other
 * @returns {{changes: Change[], edits: Edits}}
 */
export function portion(before, after, changes) {
  let bytes = 0;
  const end = changes.findIndex((change, place) => (bytes += bytesOf(change)) > MAX_REQUEST_BYTES && place > 0);
  const first = end < 0 ? changes : changes.slice(0, end);
  const edits = new Map(before);
  for (const change of first) {
    for (let index = change.first; index <= change.last; index++) edits.delete(index);
    const edit = change.pieces.length ? after.get(change.first) : undefined;
    if (edit) edits.set(change.first, edit);
  }
  return { changes: first, edits };
}

/** Return what stands in `edits` where `changes` are made. @param {Edits} edits @param {Change[]} changes @returns {Change[]} */
export function baseOf(edits, changes) {
  return [...edits.values()].filter((edit) => changes.some((change) => touch(edit, change))).map(changeOf);
}

/**
 * Return those of `changes` whose ground somebody else has changed: there `theirs` is neither what the person read nor
 * what they want.
 *
 * @param {Change[]} changes
 * @param {Change[]} base what the person read
 * @param {Edits} theirs
 */
export function clashes(changes, base, theirs) {
  return changes.filter((change) => {
    const read = base.filter((edit) => touch(edit, change));
    const now = [...theirs.values()].filter((edit) => touch(edit, change)).map(changeOf);
    const ours = changes.filter((other) => touch(other, change) && other.pieces.length);
    return !isSameList(now, read) && !isSameList(now, ours);
  });
}

/** About what a change takes in a request. @param {Change} change */
function bytesOf({ pieces }) {
  const wide = pieces.reduce((sum, { text }) => sum + (text.match(/[^\x20-\x7e]/g)?.length ?? 0), 0);
  return pieces.reduce((sum, { text }) => sum + 70 + text.length, 40) + 2 * wide;
}

/** @param {Edit} edit @returns {Change} */
function changeOf({ first, last, pieces }) {
  return { first, last, pieces: pieces.map(({ text, start, end }) => ({ text, start, end })) };
}

/** Whether two ranges of segments have one in common. @param {{first: number, last: number}} left @param {{first: number, last: number}} right */
export function touch(left, right) {
  return left.first <= right.last && right.first <= left.last;
}

/** @param {Change[]} left @param {Change[]} right */
function isSameList(left, right) {
  return left.length === right.length && left.every((edit, place) => isSame(edit, right[place]));
}

/** @param {Change | Edit} left @param {Change | Edit | undefined} right */
function isSame(left, right) {
  return (
    right !== undefined &&
    left.last === right.last &&
    left.first === right.first &&
    left.pieces.length === right.pieces.length &&
    left.pieces.every((piece, place) => isSamePiece(piece, right.pieces[place]))
  );
}

/** Times that one of them does not know are no difference. @param {TimedText} left @param {TimedText} right */
function isSamePiece(left, right) {
  return left.text === right.text && isSameTime(left.start, right.start) && isSameTime(left.end, right.end);
}

/** @param {number | null | undefined} left @param {number | null | undefined} right seconds */
function isSameTime(left, right) {
  return left == null || right == null || Math.abs(left - right) < SAME_SECONDS;
}
