/** @import { Word } from "../../api/types.js" */
import { getSegmentsBetween } from "../../api/edits.js";
import { joinTexts } from "../../editing/joining.js";

const WORDS_AROUND = 12;

/**
 * What is said in a turn as it was recognised, and a little of what stands around it.
 *
 * @param {string} id of the transcription
 * @param {{start: number, end: number}} turn
 * @returns {Promise<{before: string, inside: string, after: string}>}
 */
export async function wordsOfTurn(id, { start, end }) {
  const places = placesBetween(start - 2, end + 2);
  if (!places.length) return { before: "", inside: "", after: "" };
  const { segments } = await getSegmentsBetween(id, Math.min(...places), Math.max(...places));
  const words = segments.flatMap((segment) => segment.words);
  if (!words.length) {
    const own = segments.filter((segment) => segment.start < end && segment.end > start);
    return { before: "", inside: joinTexts(own.map(({ text }) => text)) || "…", after: "" };
  }
  const middle = (/** @type {Word} */ word) => (word.start + word.end) / 2;
  const before = textOf(words.filter((word) => middle(word) < start).slice(-WORDS_AROUND));
  const inside = textOf(words.filter((word) => middle(word) >= start && middle(word) <= end));
  const after = textOf(words.filter((word) => middle(word) > end).slice(0, WORDS_AROUND));
  return {
    before: before && `…${before}${between(before, inside)}`,
    inside: inside || "…",
    after: after && `${between(inside, after)}${after}…`,
  };
}

/** The segments whose paragraphs share time with a stretch. @param {number} start @param {number} end */
function placesBetween(start, end) {
  const rows = [...document.querySelectorAll(".segment")].filter((row) => row instanceof HTMLElement);
  const near = rows.filter((row) => Number(row.dataset.start) < end && Number(row.dataset.end) > start);
  return near.map((row) => Number(row.dataset.segment));
}

/** @param {Word[]} words */
const textOf = (words) => joinTexts(words.map(({ text }) => text));

/** What separates two texts. @param {string} left @param {string} right */
function between(left, right) {
  return left && right && joinTexts([left, right]).length > left.length + right.length ? " " : "";
}
