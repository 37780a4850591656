/** @import { DiffPart } from "../../editing/diff.js" */
import { create } from "../../lib/dom.js";

const WORDS_BETWEEN_MARKS = /^([，。！？；：、,.!?;:…\s]*)(.*?)([，。！？；：、,.!?;:…\s]*)$/su;

/** @typedef {"del" | "ins"} Mark */

/** Return one of two compared texts, what differs as elements of this name. @param {DiffPart[]} parts @param {Mark} name */
export const markedParts = (parts, name) =>
  parts.map(({ text, isChanged }) => (isChanged && text.trim() ? create(name, {}, text) : text));

/** The same for what was spoken and what is written: punctuation, which nobody speaks, is no difference. @param {DiffPart[]} parts @param {Mark} name */
export const markedWords = (parts, name) =>
  parts.flatMap(({ text, isChanged }) => {
    const [, before, words, after] = (isChanged && WORDS_BETWEEN_MARKS.exec(text)) || [];
    return words ? [before, create(name, {}, words), after] : [text];
  });
