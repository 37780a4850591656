// The rule of join_texts in app/domain/transcript.py; tests/browser/test_joining.py holds both against each other.

// As wide as a Chinese character, and written without spaces; Korean is as wide, but parts its words by spaces.
const WIDE =
  /[\u2e80-\u303e\u3041-\ua4cf\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6fc}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const WORD = /[\p{L}\p{N}]/u;
const CLAUSE_MARKS = ",.!?;:";
const CLOSING = `${CLAUSE_MARKS}%)]}’”…`;
const LEADING_RUN = /^[0-9A-Za-z\u00c0-\u024f\u1100-\u11ff\uac00-\ud7a3]+/;
const TRAILING_RUN = /[0-9A-Za-z\u00c0-\u024f\u1100-\u11ff\uac00-\ud7a3]+$/;

/**
 * Join two texts as their scripts are written: Latin and Korean words stand apart from each other and from Chinese
 * ones; Chinese, its marks and numbers do not.
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
  const last = [...left.slice(-2)].at(-1) ?? "";
  const first = [...right.slice(0, 2)][0];
  if (!WIDE.test(last) && !WIDE.test(first)) return !CLOSING.includes(first);
  if (WIDE.test(last)) return WORD.test(last) && !WIDE.test(first) && hasLetter(LEADING_RUN, right);
  return WORD.test(first) && (CLAUSE_MARKS.includes(last) || hasLetter(TRAILING_RUN, left));
}

/** @param {RegExp} run @param {string} text */
function hasLetter(run, text) {
  return /\p{L}/u.test(run.exec(text)?.[0] ?? "");
}
