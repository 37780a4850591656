/** @typedef {{text: string, isChanged: boolean}} DiffPart  a part of one of two texts */

const TOKEN = /[\p{Script=Latin}\p{Number}'’]+|\s+|./gsu; // a Latin word or a number, white space, any other character

/**
 * Return both texts as parts that they share and parts that differ. Texts of some hundred words; the time grows
 * with the product of their lengths.
 *
 * @param {string} before
 * @param {string} after
 * @returns {{before: DiffPart[], after: DiffPart[]}}
 */
export function differences(before, after) {
  /** @type {DiffPart[]} */
  const ofBefore = [];
  /** @type {DiffPart[]} */
  const ofAfter = [];
  for (const [left, right] of pairsOf(before, after)) {
    const isShared = left !== null && right !== null;
    if (left !== null) extend(ofBefore, left, !isShared);
    if (right !== null) extend(ofAfter, right, !isShared);
  }
  return { before: ofBefore, after: ofAfter };
}

/**
 * Return the places where two texts agree and where they differ, in order; the new text is chosen at first.
 *
 * @typedef {{before: string, after: string, isNew: boolean}} Hunk  equal where the texts agree
 * @param {string} before @param {string} after
 * @returns {Hunk[]}
 */
export function hunksOf(before, after) {
  /** @type {Hunk[]} */
  const hunks = [];
  let wasShared = null;
  for (const [left, right] of pairsOf(before, after)) {
    const isShared = left !== null && right !== null;
    if (isShared !== wasShared) hunks.push({ before: "", after: "", isNew: true });
    wasShared = isShared;
    const hunk = hunks[hunks.length - 1];
    hunk.before += left ?? "";
    hunk.after += (isShared ? left : right) ?? "";
  }
  return hunks;
}

// Internal

/**
 * Yield the tokens of two texts: both where they agree, else the one that only one of them has.
 *
 * @param {string} before @param {string} after
 * @returns {Generator<[string | null, string | null]>}
 */
function* pairsOf(before, after) {
  const [left, right] = [tokensOf(before), tokensOf(after)];
  const longest = commonLengths(left, right);
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && isSame(left[i], right[j])) yield [left[i++], right[j++]];
    else if (j === right.length || (i < left.length && longest[i + 1][j] >= longest[i][j + 1])) yield [left[i++], null];
    else yield [null, right[j++]];
  }
}

/** @param {string} text */
function tokensOf(text) {
  return text.match(TOKEN) ?? [];
}

/** White space is as good as other white space. @param {string} left @param {string} right */
function isSame(left, right) {
  return left === right || (!left.trim() && !right.trim());
}

/**
 * Return at [i][j] how many tokens left[i:] and right[j:] have in common, in order.
 *
 * @param {string[]} left @param {string[]} right
 */
function commonLengths(left, right) {
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i][j] = isSame(left[i], right[j])
        ? lengths[i + 1][j + 1] + 1
        : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

/** @param {DiffPart[]} parts @param {string} token @param {boolean} isChanged */
function extend(parts, token, isChanged) {
  const last = parts.at(-1);
  if (last?.isChanged === isChanged) last.text += token;
  else parts.push({ text: token, isChanged });
}
