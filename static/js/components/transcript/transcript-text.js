/** @import { Player } from "./player.js" */
/** @import { View } from "./segment-row.js" */
/** @import { Segment } from "../../api/types.js" */
import { buttonOf, copyOf, find, onAction } from "../../lib/dom.js";
import { EditSaver } from "../../editing/edit-saver.js";
import { EditedText } from "../../editing/edited-text.js";
import { WordStore } from "../../editing/word-store.js";
import { copyButton } from "../common/copy-button.js";
import { showSaveState } from "./edit-status.js";
import { FindReplace } from "./find-replace.js";
import { PlaybackFollower } from "./playback-follower.js";
import { PlaybackModes } from "./playback-modes.js";
import { RereadDialog } from "../rereading/reread-dialog.js";
import { SegmentEditor } from "./segment-editor.js";
import { SegmentList } from "./segment-list.js";
import { onKeys } from "./transcript-keys.js";
import { UnsureWords } from "./unsure-words.js";

/** The text of a transcript with everything that can be done in it: it follows the player, and can be put right. */
export class TranscriptText {
  #page;
  #player;
  #text = new EditedText();
  #words;
  #list;
  #follower;
  #editor;
  #finder;
  #saver;
  #reread;
  #copy; // disabled until the text is here: an empty copy would be told as a success
  #tools = copyOf("segment-tools-template");
  /** Resolves when the edits are laid over the text: what is written before would be lost. @type {Promise<void> | null} */
  #started = null;

  /** @param {HTMLElement} page @param {Player} player @param {string} id */
  constructor(page, player, id) {
    const root = find(page, "[data-text]", HTMLElement);
    this.#page = page;
    this.#player = player;
    this.#words = new WordStore(id, this.#text);
    this.#list = new SegmentList(find(root, "[data-segments]", HTMLElement), this.#text, this.#words);
    this.#follower = new PlaybackFollower(this.#list, player, buttonOf(root, "follow"));
    this.#editor = new SegmentEditor(this.#list, this.#text, player);
    this.#finder = new FindReplace(find(root, "[data-find]", HTMLElement), this.#list, this.#text);
    this.#saver = new EditSaver(id, this.#text, (state) =>
      showSaveState(find(root, "[data-save-state]", HTMLElement), state),
    );
    this.#reread = new RereadDialog(id, this.#text);
    this.#copy = buttonOf(root, "copy");
    const unsure = new UnsureWords(
      find(root, "[data-unsure]", HTMLElement),
      this.#list,
      this.#text,
      this.#words,
      player,
      this.#follower,
    );
    const playback = new PlaybackModes(page, player, this.#list, this.#text);
    this.#text.onChange(() => this.#onChange());
    this.#listen(root);
    onKeys(this.#keys(unsure, playback), { undo: () => this.#text.undo(), redo: () => this.#text.redo() });
  }

  /** Show `segments`, as they were recognised so far; those that are read can be edited. @param {Segment[]} segments @param {boolean} hasEnded */
  async show(segments, hasEnded) {
    this.#words.reset();
    this.#text.segments = segments;
    const isEditable = this.#page.dataset.access !== "read" && segments.some(({ state }) => state !== "pending");
    try {
      if (hasEnded || isEditable) await (this.#started ??= this.#start());
      this.#page.toggleAttribute("data-editable", isEditable);
    } catch (error) {
      this.#started = null; // the next change asks again
      throw error;
    } finally {
      this.#copy.disabled = segments.length === 0;
    }
  }

  /** @param {number} seconds of the recording */
  set duration(seconds) {
    this.#text.duration = seconds;
  }

  /** @param {(rows: import("../../editing/edited-text.js").Row[]) => void} listener called with the rows after every change */
  onRows(listener) {
    this.#text.onChange(() => listener(this.#text.rows));
  }

  /** Let a paragraph begin or end elsewhere. @param {number} place @param {number} start @param {number} end seconds */
  shift(place, start, end) {
    const row = this.#text.rows[place];
    if (row && this.#canEdit(row)) this.#text.shift(row, start, end);
  }

  /** Read the paragraphs of a part of the recording again. @param {number} start @param {number} end seconds */
  rereadBetween(start, end) {
    void this.#reread.open(this.#text.rows.filter((row) => row.start < end && row.end > start));
  }

  // Internal

  /** Lay the edits over the text. */
  async #start() {
    await this.#saver.start();
    this.#goToAddress();
  }

  get #isEditable() {
    return this.#page.hasAttribute("data-editable");
  }

  /** What is not read yet has no text that could be put right. @param {import("../../editing/edited-text.js").Row} row */
  #canEdit(row) {
    return this.#isEditable && row.state !== "pending";
  }

  /** @param {HTMLElement} root */
  #listen(root) {
    const { element } = this.#list;
    copyButton(this.#copy, () => this.#list.wording);
    find(root, "[data-view-switch]", HTMLElement).addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      this.#list.view = /** @type {View} */ (target.value);
      this.#page.dataset.view = target.value;
    });
    element.addEventListener("click", (event) => this.#onPress(event));
    element.addEventListener("dblclick", (event) => this.#onDouble(event));
    for (const sign of ["pointerover", "focusin"])
      element.addEventListener(sign, ({ target }) => this.#offerTools(target));
    onAction(root, (action, button) => this.#act(action, button));
  }

  /** @param {string} action @param {HTMLElement} button */
  #act(action, button) {
    const row = this.#list.rowOf(button);
    if (action === "undo") this.#text.undo();
    if (action === "redo") this.#text.redo();
    if (action === "find") this.#finder.open();
    if (action === "save-now") void this.#saver.save();
    if (action === "take-theirs") void this.#saver.takeTheirs();
    if (action === "keep-mine") void this.#saver.keepMine();
    if (action === "restore-all") this.#text.restoreAll();
    if (action === "reread" && row) void this.#reread.open(this.#selectedRows(row));
    if (action === "edit" && row) this.#editor.open(row);
    if (action === "restore-row" && row) this.#text.restore(row);
  }

  /** @param {import("./unsure-words.js").UnsureWords} unsure @param {PlaybackModes} playback @returns {Record<string, () => void>} */
  #keys(unsure, playback) {
    const move = (/** @type {number} */ seconds) => () => this.#follower.goTo(this.#player.move(seconds));
    return {
      k: () => this.#player.toggle(),
      ArrowLeft: move(-5),
      ArrowRight: move(5),
      j: move(-10),
      l: move(10),
      "<": () => this.#player.changeSpeed(-1),
      ">": () => this.#player.changeSpeed(1),
      r: () => playback.toggleLoop(),
      s: () => playback.toggleSkip(),
      n: () => void unsure.go(1),
      p: () => void unsure.go(-1),
      e: () => this.#editCurrent(),
      f: () => this.#isEditable && this.#finder.open(),
    };
  }

  #onChange() {
    const hasEdits = this.#text.edits.size > 0;
    this.#page.toggleAttribute("data-has-edits", hasEdits);
    buttonOf(this.#page, "undo").disabled = !this.#text.canUndo;
    buttonOf(this.#page, "redo").disabled = !this.#text.canRedo;
    if (!hasEdits && this.#list.view === "changes")
      find(this.#page, '[name="view"][value="text"]', HTMLInputElement).click();
    this.#fitTools();
    this.#follower.refresh();
  }

  /** @param {MouseEvent} event */
  #onPress({ target }) {
    const place =
      target instanceof Element
        ? target.closest(".segment__tools, .segment__editor, .segment__speakers, .word, .segment")
        : null;
    const isMoment = place instanceof HTMLElement && place.dataset.start !== undefined;
    if (!isMoment || (getSelection()?.toString().length ?? 0) > 0) return;
    this.#player.playFrom(Number(place.dataset.start));
    this.#follower.goTo(this.#player.position);
  }

  /** @param {MouseEvent} event */
  #onDouble({ target }) {
    const row = this.#list.rowOf(target);
    const isText = target instanceof Element && target.closest(".segment__content") !== null;
    if (!row || !isText || !this.#canEdit(row) || this.#list.view === "raw") return;
    getSelection()?.removeAllRanges();
    this.#editor.open(row, caretAt(target));
  }

  /** @param {EventTarget | null} target */
  #offerTools(target) {
    const row = this.#list.rowOf(target);
    const element = row && this.#list.elementOf(row.key);
    if (!row || !this.#canEdit(row) || !element || this.#tools.parentElement === element) return;
    element.append(this.#tools);
    this.#fitTools();
  }

  /** The paragraphs that are marked, if `row` is one of them; else it alone. @param {import("../../editing/edited-text.js").Row} row */
  #selectedRows(row) {
    const selection = getSelection();
    const [first, last] = [selection?.anchorNode, selection?.focusNode].map((node) =>
      this.#list.rowOf(node instanceof Element ? node : (node?.parentElement ?? null)),
    );
    if (!first || !last || selection?.isCollapsed) return [row];
    const { rows } = this.#text;
    const places = [rows.indexOf(first), rows.indexOf(last)].sort((one, other) => one - other);
    const selected = rows.slice(places[0], places[1] + 1);
    return selected.includes(row) ? selected : [row];
  }

  #fitTools() {
    buttonOf(this.#tools, "restore-row").hidden = !this.#list.rowOf(this.#tools)?.isEdited;
  }

  /** The paragraph that has the focus, else the one that is said. */
  #editCurrent() {
    const { rows } = this.#text;
    const row =
      this.#list.rowOf(document.activeElement) ??
      rows[Math.min(this.#list.placeAt(this.#player.position), rows.length - 1)];
    if (row && this.#canEdit(row)) this.#editor.open(row);
  }

  /** A link may lead to a moment: ?t=12.5 */
  #goToAddress() {
    const seconds = Number(new URL(location.href).searchParams.get("t"));
    if (!seconds) return;
    this.#player.seek(seconds);
    this.#follower.goTo(seconds);
  }
}

/** Return how much of the text stands before the word that was pressed. @param {EventTarget | null} target */
function caretAt(target) {
  const word = target instanceof Element ? target.closest(".word") : null;
  if (!word?.parentElement) return undefined;
  const range = new Range();
  range.setStart(word.parentElement, 0);
  range.setEndBefore(word);
  return range.toString().length;
}
