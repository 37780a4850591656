/** @import { Speakers } from "../../api/types.js" */
import { create, find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

const COLOURS = 8; // of the tokens --color-speaker-1 and so on
const LEAST_SECONDS = 0.4; // of a paragraph that a speaker must have to be named beside it

/** @type {Speakers} */
let known = { speakers: [], turns: [] };

/** Show these speakers beside all paragraphs. @param {Speakers} speakers */
export function labelParagraphs(speakers) {
  known = speakers;
  for (const row of document.querySelectorAll(".segment")) if (row instanceof HTMLElement) showSpeakersOf(row);
}

/** Show beside a paragraph who speaks in it. @param {HTMLElement} row */
export function showSpeakersOf(row) {
  const button = find(row, ".segment__speakers", HTMLButtonElement);
  const speakers = speakersBetween(Number(row.dataset.start), Number(row.dataset.end));
  const key = JSON.stringify(speakers.map((speaker) => [speaker, nameOf(speaker)]));
  if (button.dataset.shows === key) return;
  button.dataset.shows = key;
  button.hidden = speakers.length === 0;
  button.replaceChildren(...speakers.map(labelOf));
}

/** Who speaks between two times, the one with most of it first. @param {number} start @param {number} end */
export function speakersBetween(start, end) {
  /** @type {Map<number, number>} */
  const seconds = new Map();
  for (const turn of known.turns) {
    const shared = Math.min(turn.end, end) - Math.max(turn.start, start);
    if (shared > 0) seconds.set(turn.speaker, (seconds.get(turn.speaker) ?? 0) + shared);
  }
  const ordered = [...seconds].sort(([, one], [, other]) => other - one);
  return ordered.filter(([, share], place) => place === 0 || share >= LEAST_SECONDS).map(([speaker]) => speaker);
}

/** @param {number} speaker */
export function nameOf(speaker) {
  const name = known.speakers.find((each) => each.speaker === speaker)?.name;
  return name || t("Speaker {number}", { number: speaker });
}

/** Give an element the colour of a speaker. @param {HTMLElement} element @param {number} speaker */
export function colour(element, speaker) {
  element.dataset.speakerColour = String(((speaker - 1) % COLOURS) + 1);
}

/** @param {number} speaker */
function labelOf(speaker) {
  const label = create("span", { className: "speaker-label" }, nameOf(speaker));
  colour(label, speaker);
  return label;
}
