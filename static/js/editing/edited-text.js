/** @import { Edit, Piece, Segment, Word } from "../api/types.js" */
import { joinTexts } from "./joining.js";
import { rounded, timesOf } from "./piece-times.js";

/**
 * One paragraph as it is shown: a segment, or a piece of an edit that stands in place of segments.
 *
 * @typedef {object} Row
 * @property {string} key  stays the same while the text changes
 * @property {number} first  index of the first segment that it stands for
 * @property {number} last
 * @property {number} piece  its place in the edit; 0 for a segment
 * @property {number} start  seconds
 * @property {number} end
 * @property {"pending" | "done" | "failed"} state
 * @property {number | null} channel
 * @property {string} sounds  emotion and events of the first segment, with spaces between
 * @property {string} text
 * @property {string} text_raw
 * @property {Word[] | null} words  null until they were asked for, or while the server finds their times
 * @property {boolean} isEdited
 * @property {string} original  what was recognised in place of the whole edit; only in its first row
 */

/** @typedef {ReadonlyMap<number, Edit>} Edits  by the index of the first segment; an edit in it never changes its text */

const SHORTEST_SECONDS = 0.1; // of a row that is shifted
const MAX_UNDO_STEPS = 200; // that can be undone
const MAX_EDIT_SEGMENTS = 60; // segments that one edit may replace: the server takes no more

/** The text as it was recognised, and what a person has made of it. Every change can be undone. */
export class EditedText {
  /** @type {Segment[]} */
  #segments = [];
  /** @type {Edits} */
  #edits = new Map();
  /** @type {Edits[]} */
  #undone = [];
  /** @type {Edits[]} */
  #done = [];
  #lastStep = "";
  /** @type {Row[] | null} */
  #rows = null;
  /** @type {(() => void)[]} */
  #listeners = [];
  /** Seconds of the recording. */
  duration = 0;

  /** @param {() => void} listener called after every change */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  get segments() {
    return this.#segments;
  }

  /** @param {Segment[]} segments as they were recognised; known words are kept */
  set segments(segments) {
    segments.forEach(
      (segment, index) =>
        (segment.words = this.#segments[index]?.state === segment.state ? this.#segments[index].words : undefined),
    );
    this.#segments = segments;
    noteLanguages(segments);
    this.#changed();
  }

  get edits() {
    return this.#edits;
  }

  /** Take over edits that are not a step of this person. @param {Edits} edits */
  set edits(edits) {
    this.#edits = edits;
    this.#lastStep = "";
    this.#changed();
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  get rows() {
    this.#rows ??= [...this.#build()];
    return this.#rows;
  }

  /** @param {string} key */
  row(key) {
    return this.rows.find((row) => row.key === key);
  }

  /** Typing in one row is one step. @param {Row} row @param {string} text */
  write(row, text) {
    if (text !== row.text)
      this.#step((edits) => this.#put(edits, row, replaced(this.#piecesOf(row), row.piece, text)), `typing ${row.key}`);
  }

  /** Undo what was typed in a row since it was opened, when its text was `before`. @param {Row} row @param {string} before */
  takeBack(row, before) {
    if (this.#lastStep === `typing ${row.key}`) this.undo();
    else this.write(row, before);
  }

  /** @param {{row: Row, text: string}[]} changes all of them are one step */
  writeAll(changes) {
    this.#step((edits) => {
      for (const { row, text } of changes)
        this.#put(edits, row, replaced(piecesIn(edits, row) ?? this.#piecesOf(row), row.piece, text));
    });
  }

  /** The server finds in the words when the second part begins. @param {Row} row @param {string} left @param {string} right */
  split(row, left, right) {
    const pieces = this.#piecesOf(row);
    const { start, end } = pieces[row.piece];
    pieces.splice(row.piece, 1, pieceOf(left, start, null), pieceOf(right, null, end));
    this.#step((edits) => this.#put(edits, row, pieces));
  }

  /** Let a row begin and end elsewhere, but not within its neighbours. @param {Row} row @param {number} start @param {number} end seconds */
  shift(row, start, end) {
    const [earliest, latest] = this.boundsOf(row);
    const begin = Math.min(Math.max(start, earliest), latest - SHORTEST_SECONDS);
    const until = Math.max(Math.min(end, latest), begin + SHORTEST_SECONDS);
    const shown = this.rows.filter(({ first }) => first === row.first);
    const pieces = this.#piecesOf(row).map((piece, place) => {
      const times = place === row.piece ? { start: begin, end: until } : shown[place];
      return { ...piece, start: rounded(times.start), end: rounded(times.end) };
    });
    this.#step((edits) => this.#put(edits, row, pieces), `shift ${row.key}`);
  }

  /** Between which seconds a row may lie: its neighbours on the same channel keep their time. @param {Row} row @returns {[number, number]} */
  boundsOf(row) {
    const rows = this.rows.filter(({ channel }) => channel === row.channel);
    const place = rows.findIndex(({ key }) => key === row.key);
    return [Math.min(rows[place - 1]?.end ?? 0, row.start), Math.max(rows[place + 1]?.start ?? this.duration, row.end)];
  }

  /** Whether the row can be joined with the next one. @param {Row} row */
  canMerge(row) {
    const next = this.#after(row);
    return (
      next !== undefined &&
      next.state !== "pending" &&
      next.channel === row.channel &&
      next.last - row.first < MAX_EDIT_SEGMENTS
    );
  }

  /** @param {Row} row */
  merge(row) {
    const next = this.#after(row);
    if (!next || !this.canMerge(row)) return;
    const isOneEdit = row.first === next.first;
    const pieces = isOneEdit ? this.#piecesOf(row) : [...this.#piecesOf(row), ...this.#piecesOf(next)];
    const [left, right] = [pieces[row.piece], pieces[row.piece + 1]];
    pieces.splice(row.piece, 2, pieceOf(joinTexts([left.text, right.text]), left.start, right.end));
    this.#step((edits) => this.#put(edits, { first: row.first, last: next.last }, pieces));
  }

  /** Let the segments that the row stands for be as they were recognised. @param {Row} row */
  restore(row) {
    this.#step((edits) => edits.delete(row.first));
  }

  restoreAll() {
    this.#step((edits) => edits.clear());
  }

  undo() {
    this.#exchange(this.#done, this.#undone);
  }

  redo() {
    this.#exchange(this.#undone, this.#done);
  }

  /** What is typed from now on is another step. */
  endStep() {
    this.#lastStep = "";
  }

  /** Say that times or words have come. */
  refresh() {
    this.#changed();
  }

  // Internal

  *#build() {
    for (let index = 0; index < this.#segments.length; index++) {
      const segment = this.#segments[index];
      const edit = this.#edits.get(segment.index);
      if (!edit) yield rowOfSegment(segment);
      else {
        yield* this.#rowsOf(edit);
        index += edit.last - edit.first;
      }
    }
  }

  /** @param {Edit} edit @returns {Row[]} */
  #rowsOf({ first, last, pieces }) {
    const covered = this.#segments.slice(first, last + 1);
    const original = joinTexts(covered.map(({ text }) => text));
    const [channel = null, ...others] = new Set(covered.map((segment) => segment.channel));
    const times = timesOf(pieces, covered[0]?.start ?? 0, covered.at(-1)?.end ?? 0);
    return pieces.map(({ text, text_raw, words }, piece) => ({
      key: piece ? `${first}.${piece}` : String(first),
      first,
      last,
      piece,
      ...times[piece],
      state: "done",
      channel: others.length ? null : channel, // what two people said was made one
      sounds: soundsIn(covered[0]),
      text,
      text_raw,
      words,
      isEdited: true,
      original: piece ? "" : original,
    }));
  }

  /** @param {Row} row */
  #after(row) {
    return this.rows[this.rows.findIndex(({ key }) => key === row.key) + 1];
  }

  /** A copy that may be changed. @param {{first: number, last: number}} row @returns {Piece[]} */
  #piecesOf({ first }) {
    const { text, text_raw, start, end } = this.#segments[first];
    return [...(this.#edits.get(first)?.pieces ?? [{ text, text_raw, start, end, words: null }])];
  }

  /** @param {Map<number, Edit>} edits @param {{first: number, last: number}} place @param {Piece[]} pieces */
  #put(edits, { first, last }, pieces) {
    for (let index = first; index <= last; index++) edits.delete(index);
    const { text, start, end } = this.#segments[first];
    const [piece] = pieces;
    const isAsItWas =
      first === last &&
      pieces.length === 1 &&
      piece.text === text &&
      (piece.start ?? start) === start &&
      (piece.end ?? end) === end;
    if (!isAsItWas) edits.set(first, { first, last, pieces });
  }

  /** @param {(edits: Map<number, Edit>) => void} change @param {string} [name] steps of the same name that follow each other are one */
  #step(change, name = "") {
    const edits = new Map(this.#edits);
    change(edits);
    if (!name || name !== this.#lastStep) this.#done = [...this.#done, this.#edits].slice(-MAX_UNDO_STEPS);
    this.#lastStep = name;
    this.#undone = [];
    this.#edits = edits;
    this.#changed();
  }

  /** @param {Edits[]} from @param {Edits[]} to */
  #exchange(from, to) {
    const edits = from.pop();
    if (!edits) return;
    to.push(this.#edits);
    this.edits = edits;
  }

  #changed() {
    this.#rows = null;
    for (const listener of this.#listeners) listener();
  }
}

/** @param {Segment} segment @returns {Row} */
function rowOfSegment(segment) {
  const { index, start, end, state, channel, text, text_raw, words } = segment;
  return {
    key: String(index),
    first: index,
    last: index,
    piece: 0,
    start,
    end,
    state,
    channel,
    sounds: soundsIn(segment),
    text,
    text_raw,
    words: words ?? null,
    isEdited: false,
    original: "",
  };
}

/** That somebody speaks calmly is nothing to say. @param {Segment | undefined} segment */
function soundsIn(segment) {
  const { emotion = "", events = [], shownLanguage = "" } = segment ?? {};
  const language = shownLanguage ? [`language:${shownLanguage}`] : [];
  return [...language, ...(emotion && emotion !== "neutral" ? [emotion] : []), ...events].join(" ");
}

/** The language of a segment is worth a word where it is another one than before. @param {Segment[]} segments */
function noteLanguages(segments) {
  let last = "";
  for (const segment of segments) {
    segment.shownLanguage = segment.language && segment.language !== last ? segment.language : "";
    last = segment.language || last;
  }
}

/** @param {string} text @param {number | null} start @param {number | null} end @returns {Piece} */
function pieceOf(text, start, end) {
  return { text, start, end, text_raw: "", words: null };
}

/** @param {Piece[]} pieces @param {number} place @param {string} text */
function replaced(pieces, place, text) {
  return pieces.map((piece, index) => (index === place ? { ...piece, text, words: null } : piece));
}

/** @param {ReadonlyMap<number, Edit>} edits @param {Row} row */
function piecesIn(edits, row) {
  return edits.get(row.first)?.pieces;
}
