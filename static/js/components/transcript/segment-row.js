/** @import { Row } from "../../editing/edited-text.js" */
/** @import { Word } from "../../api/types.js" */
import { differences } from "../../editing/diff.js";
import { copyOf, create, find } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { markedParts, markedWords } from "../common/marked-parts.js";
import { showChannel } from "../channels/channel-labels.js";
import { showSpeakersOf } from "../speakers/speaker-labels.js";
import { soundNames } from "../../lib/wording.js";

/** @typedef {"text" | "raw" | "both" | "changes"} View */

/** @param {Row} row */
export function newRow(row) {
  const element = copyOf("segment-template");
  fillRow(element, row);
  return element;
}

/** Show `row` in `element`; what did not change is left as it is. @param {HTMLElement} element @param {Row} row */
export function fillRow(element, row) {
  const { first, piece, start, end, state, channel, sounds, isEdited } = row;
  Object.assign(element.dataset, {
    key: row.key,
    segment: String(first),
    start: String(start),
    end: String(end),
    state,
  });
  element.toggleAttribute("data-edited", isEdited);
  element.toggleAttribute("data-part", piece > 0);
  const time = find(element, ".segment__time", HTMLElement);
  if (time.textContent !== clock(start)) time.textContent = clock(start);
  showChannel(find(element, ".segment__channel", HTMLElement), channel);
  showSpeakersOf(element);
  const soundLabel = find(element, ".segment__sounds", HTMLElement);
  soundLabel.hidden = !sounds;
  soundLabel.textContent = soundNames(sounds);
  const content = find(element, ".segment__content", HTMLElement);
  const note = noteOf(row);
  const key = note || JSON.stringify([row.text, row.text_raw]);
  if (content.dataset.shows === key) return;
  content.dataset.shows = key;
  content.replaceChildren(
    ...(note
      ? [create("p", { className: "segment__note" }, note)]
      : [
          create("p", { className: "segment__text" }, row.text),
          create("p", { className: "segment__raw" }, row.text_raw),
        ]),
  );
}

/** Mark where the spoken and the written text differ; both are shown. @param {HTMLElement} element @param {Row} row */
export function showBoth(element, row) {
  const spoken = element.querySelector(".segment__raw");
  const written = element.querySelector(".segment__text");
  if (!spoken || !written || spoken.firstElementChild || written.firstElementChild) return;
  const { before, after } = differences(row.text_raw, row.text);
  spoken.replaceChildren(...markedWords(before, "del"));
  written.replaceChildren(...markedWords(after, "ins"));
}

/**
 * Mark what a person has changed, with what stood there before; elsewhere take such marks away.
 *
 * @param {HTMLElement} element @param {Row} row @param {Row[]} pieces of the whole edit
 */
export function showChanges(element, row, pieces) {
  const text = element.querySelector(".segment__text, .segment__note");
  if (!text || !row.isEdited) return;
  element.querySelector(".segment__original")?.remove();
  if (pieces.length > 1) {
    if (row.piece === 0) text.after(originalOf([row.original]));
    return;
  }
  const { before, after } = differences(row.original, row.text);
  const original = originalOf(markedParts(before, "del"));
  if (text.className === "segment__text") text.replaceChildren(...markedParts(after, "ins"));
  text.after(original);
}

/**
 * Make each word of a paragraph one that can be pressed; where the words do not fit its text, leave it.
 *
 * @param {HTMLElement} paragraph @param {string} text @param {Word[]} words @param {(word: Word) => string} wordingOf @param {number} threshold below which a word is unsure
 */
export function renderWords(paragraph, text, words, wordingOf, threshold) {
  const pieces = [...piecesOf(text, words.map(wordingOf))];
  if (!words.length || pieces.at(-1)?.end !== text.trimEnd().length) return;
  let done = 0;
  /** @type {(Node | string)[]} */
  const nodes = [];
  for (const { word, begin, end } of pieces) {
    if (begin > done) nodes.push(text.slice(done, begin));
    nodes.push(wordOf(words[word], word, text.slice(begin, end), threshold));
    done = end;
  }
  paragraph.replaceChildren(...nodes);
}

// Internal

/** @param {(Node | string)[]} content */
function originalOf(content) {
  const label = create("span", { className: "segment__label" }, t("Original"));
  return create("p", { className: "segment__original" }, label, ...content);
}

/** @param {Row} row */
function noteOf({ state, text, isEdited }) {
  if (state === "pending") return t("Not read yet");
  if (isEdited) return text ? "" : t("You took this text away.");
  if (state === "failed") return t("This piece could not be recognised.");
  return text ? "" : t("No clear words here; nothing was written.");
}

/** @param {Word} word @param {number} number @param {string} text as it is shown, written or as spoken @param {number} threshold */
function wordOf({ start, confidence, was, text: written }, number, text, threshold) {
  const element = create("span", { className: "word" }, text);
  Object.assign(element.dataset, { word: String(number), start: String(start) });
  if (confidence < threshold) {
    element.classList.add("is-unsure");
    element.title = t("{percent}% sure", { percent: Math.round(confidence * 100) });
  }
  if (was && withoutBlanks(text) === withoutBlanks(written)) {
    element.classList.add("is-replaced");
    element.title = t("Replaced; before: {text}", { text: was });
  }
  return element;
}

/** @param {string} text */
const withoutBlanks = (text) => text.replace(/\s+/g, "");

/**
 * Find the wordings in a text, one after the other; white space between or inside them does not count.
 *
 * @param {string} text @param {string[]} wordings
 */
function* piecesOf(text, wordings) {
  let position = 0;
  for (const [word, wording] of wordings.entries()) {
    while (/\s/.test(text[position] ?? "")) position++;
    const begin = position;
    for (const character of withoutBlanks(wording)) {
      while (/\s/.test(text[position] ?? "")) position++;
      if (!text.startsWith(character, position)) return;
      position += character.length;
    }
    if (position > begin) yield { word, begin, end: position };
  }
}
