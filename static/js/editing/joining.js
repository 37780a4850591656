// The rule of join_texts in app/domain/transcript.py; tests/data/joining.json holds both to the same answers.

// What is as wide as a Chinese character is written without spaces; Korean is as wide, but parts its words by spaces.
const WIDE =
  /[\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c\uf900-\ufad9\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u;
const WORD = /[\p{L}\p{N}]/u;
const CLAUSE_MARKS = ",.!?;:";
const CLOSING = `${CLAUSE_MARKS}%)]}’”…`;
const LEADING_RUN = /^[0-9A-Za-z\u00c0-\u024f\u1100-\u11ff\uac00-\ud7a3]+/;
const TRAILING_RUN = /[0-9A-Za-z\u00c0-\u024f\u1100-\u11ff\uac00-\ud7a3]+$/;

/**
 * Join the texts of words or segments as their scripts are written: 用 Python 写了35行, not 用Python写了 35 行.
 *
 * @param {string[]} texts
 */
export function joinTexts(texts) {
  const parts = texts.map((text) => text.trim()).filter(Boolean);
  return parts.map((part, index) => (index && needsSpace(parts[index - 1], part) ? ` ${part}` : part)).join("");
}

/**
 * Latin and Korean words stand apart from each other and from Chinese ones; Chinese, its marks and numbers do not.
 *
 * @param {string} left @param {string} right
 */
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
