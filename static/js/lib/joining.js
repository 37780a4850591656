// Korean is as wide as Chinese, but parts its words by spaces.
const WIDE = /[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6]/u;
const LETTER = /[\p{Script=Latin}]/u;

/**
 * Join two texts as their scripts are written: Latin words stand apart from each other and from Chinese ones.
 *
 * @param {string} left
 * @param {string} right
 */
export function joined(left, right) {
  const [before, after] = [left.trimEnd(), right.trimStart()];
  return before && after && needsSpace(before, after) ? `${before} ${after}` : before + after;
}

/** @param {string} left @param {string} right */
function needsSpace(left, right) {
  const [last, first] = [left.slice(-1), right.slice(0, 1)];
  if (!WIDE.test(last) && !WIDE.test(first)) return true;
  const isWord = (/** @type {string} */ character) => /[\p{L}\p{N}]/u.test(character);
  return isWord(last) && isWord(first) && (LETTER.test(last) || LETTER.test(first));
}
