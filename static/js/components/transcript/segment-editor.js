/** @import { EditedText, Row } from "../../editing/edited-text.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentList } from "./segment-list.js" */
import { buttonOf, copyOf, find, onAction } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

const FITS_BY_ITSELF = CSS.supports("field-sizing", "content"); // measuring would lay the page out twice for each key

/** The paragraph that is being written: one at a time, in its place in the text. */
export class SegmentEditor {
  #list;
  #text;
  #player;
  #form = copyOf("segment-editor-template");
  #area;
  #start = find(this.#form, '[name="start"]', HTMLInputElement);
  #end = find(this.#form, '[name="end"]', HTMLInputElement);
  #key = "";
  #before = "";
  #wasPlaying = false;
  /** @type {HTMLElement | null} */
  #host = null;

  /** @param {SegmentList} list @param {EditedText} text @param {Player} player pauses while a paragraph is written */
  constructor(list, text, player) {
    this.#list = list;
    this.#text = text;
    this.#player = player;
    this.#area = find(this.#form, "textarea", HTMLTextAreaElement);
    this.#area.addEventListener("input", () => this.#onInput());
    this.#area.addEventListener("keydown", (event) => this.#onKey(event));
    for (const moment of [this.#start, this.#end]) moment.addEventListener("change", () => this.#shift());
    onAction(this.#form, (action) => this.act(action));
    text.onChange(() => this.#onChange());
  }

  get isOpen() {
    return this.#host !== null;
  }

  /** @param {Row} row @param {number} [caret] in its text; at the end where it is left out */
  open(row, caret = row.text.length) {
    const host = this.#list.elementOf(row.key);
    if (!host) return;
    if (host !== this.#host) this.#leave();
    this.#wasPlaying ||= this.#player.isPlaying;
    this.#player.pause();
    this.#before = row.text;
    this.#key = row.key;
    this.#host = host;
    host.classList.add("is-editing");
    host.append(this.#form);
    this.#area.setAttribute("aria-label", t("Text at {time}", { time: clock(row.start) }));
    this.#area.value = row.text;
    this.#area.focus();
    this.#area.setSelectionRange(caret, caret);
    this.#fit(row);
    this.#text.endStep();
  }

  /** Close it, and let the sound that was playing go on. */
  close() {
    this.#leave();
    if (this.#wasPlaying) this.#player.resume();
    this.#wasPlaying = false;
  }

  #leave() {
    this.#host?.classList.remove("is-editing");
    this.#form.remove();
    this.#host = null;
    this.#text.endStep();
  }

  /** @param {string} action */
  act(action) {
    const row = this.#text.row(this.#key);
    if (!row || !this.isOpen) return;
    if (action === "split") this.#split(row);
    if (action === "merge") this.#merge(row);
    if (action === "restore") this.#restore(row);
    if (action === "done") this.#finish();
  }

  // Internal

  #onInput() {
    const row = this.#text.row(this.#key);
    if (!row) return;
    this.#text.write(row, this.#area.value.replace(/\s*\n\s*/g, " "));
    this.#fit(row);
  }

  /** The text may have been changed by somebody else, or by undoing. */
  #onChange() {
    if (!this.isOpen) return;
    const row = this.#text.row(this.#key);
    if (!row) return this.close();
    if (this.#area.value.replace(/\s*\n\s*/g, " ") !== row.text) this.#area.value = row.text;
    this.#fit(row);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing) return;
    const isMod = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && isMod) this.act(event.shiftKey ? "merge" : "split");
    else if (event.key === "Enter") this.#finish();
    else if (event.key === "Escape") this.#giveUp();
    else if (event.key === "ArrowDown" && isMod) this.#move(1);
    else if (event.key === "ArrowUp" && isMod) this.#move(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #shift() {
    const row = this.#text.row(this.#key);
    if (row && this.#start.checkValidity() && this.#end.checkValidity())
      this.#text.shift(row, Number(this.#start.value), Number(this.#end.value));
  }

  /** @param {Row} row */
  #split(row) {
    const caret = this.#area.selectionStart;
    const [left, right] = [row.text.slice(0, caret).trim(), row.text.slice(caret).trim()];
    if (!left || !right) return;
    this.#text.split(row, left, right);
    const next = this.#after(1);
    if (next) this.open(next, 0);
  }

  /** @param {Row} row */
  #merge(row) {
    if (!this.#text.canMerge(row)) return;
    this.#text.merge(row);
    const joined = this.#text.row(row.key);
    if (joined) this.open(joined, row.text.length);
  }

  /** @param {Row} row */
  #restore(row) {
    this.#text.restore(row);
    const first = this.#text.row(String(row.first));
    if (first) this.open(first);
  }

  /** Leave the paragraph as it was when it was opened; what was typed can be brought back by redoing. */
  #giveUp() {
    const row = this.#text.row(this.#key);
    if (row) this.#text.takeBack(row, this.#before);
    this.#finish();
  }

  #finish() {
    const host = this.#host;
    this.close();
    if (host) find(host, ".segment__time", HTMLElement).focus();
  }

  /** @param {1 | -1} step */
  #move(step) {
    const row = this.#after(step);
    if (row && row.state !== "pending") this.open(row);
  }

  /** @param {1 | -1} step */
  #after(step) {
    const { rows } = this.#text;
    return rows[rows.findIndex(({ key }) => key === this.#key) + step];
  }

  /** As high as its text, with the buttons that can do something. @param {Row} row */
  #fit(row) {
    if (!FITS_BY_ITSELF) {
      this.#area.style.blockSize = "auto";
      this.#area.style.blockSize = `${this.#area.scrollHeight + 2}px`;
    }
    const now = this.#text.row(row.key) ?? row;
    for (const [input, seconds] of /** @type {const} */ ([
      [this.#start, now.start],
      [this.#end, now.end],
    ]))
      if (Number(input.value).toFixed(2) !== seconds.toFixed(2)) input.value = seconds.toFixed(2);
    buttonOf(this.#form, "merge").disabled = !this.#text.canMerge(now);
    buttonOf(this.#form, "restore").disabled = !now.isEdited;
  }
}
