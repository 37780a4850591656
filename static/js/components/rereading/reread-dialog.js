/** @import { EditedText, Row } from "../../editing/edited-text.js" */
/** @import { Hunk } from "../../editing/diff.js" */
import { problemOf, rereadStretches } from "../../api/client.js";
import { hunksOf } from "../../editing/diff.js";
import { buttonOf, create, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { submitDialog } from "../common/form-dialog.js";
import { showError } from "../common/problem-box.js";

export const LONGEST_SECONDS = 60; // of one paragraph: the server reads no more at once
export const MOST_ROWS = 60;

/** Let the person have paragraphs read once more, and take over what is better, word by word. */
export class RereadDialog {
  #id;
  #text;
  #dialog = find(document, "#reread", HTMLDialogElement);
  #list = find(this.#dialog, "[data-stretches]", HTMLElement);
  #take = find(this.#dialog, '[value="take"]', HTMLButtonElement);
  /** @type {Row[]} */
  #rows = [];
  /** What stands there and what was read now, for each row. @type {Hunk[][]} */
  #hunks = [];

  /** @param {string} id @param {EditedText} text */
  constructor(id, text) {
    this.#id = id;
    this.#text = text;
    buttonOf(this.#dialog, "read").addEventListener("click", () => void this.#read());
  }

  /** @param {Row[]} rows */
  async open(rows) {
    this.#rows = rows.filter(isReadable).slice(0, MOST_ROWS);
    if (!this.#rows.length) return;
    this.#show(this.#rows.map(({ text }) => [{ before: text, after: text, isNew: false }]));
    write(this.#dialog, "outcome", "");
    await submitDialog(this.#dialog, "take", async () => this.#takeOver());
  }

  // Internal

  async #read() {
    const form = new FormData(find(this.#dialog, "form", HTMLFormElement));
    const button = buttonOf(this.#dialog, "read");
    showError(this.#dialog, null);
    write(this.#dialog, "outcome", t("Reading …"));
    button.disabled = true;
    try {
      const { stretches } = await rereadStretches(this.#id, this.#rows.map(stretchOf), optionsIn(form));
      this.#show(stretches.map(({ text }, place) => hunksOf(this.#rows[place].text, text)));
      write(this.#dialog, "outcome", this.#outcome);
    } catch (error) {
      write(this.#dialog, "outcome", "");
      showError(this.#dialog, problemOf(error));
    } finally {
      button.disabled = false;
    }
  }

  get #outcome() {
    const count = this.#hunks.flat().filter(isDifferent).length;
    if (!count) return t("The same was read.");
    return t("Differences: {count}. Press one to choose between the old and the new.", { count });
  }

  /** @param {Hunk[][]} hunks */
  #show(hunks) {
    this.#hunks = hunks;
    this.#take.disabled = !hunks.flat().some(isDifferent);
    this.#list.replaceChildren(
      ...hunks.map((parts, place) =>
        create(
          "li",
          {},
          create("span", { className: "soft small numbers" }, clock(this.#rows[place].start)),
          create("p", {}, ...parts.map(shownHunk)),
        ),
      ),
    );
  }

  #takeOver() {
    const changes = this.#rows.map((row, place) => ({ row, text: chosenText(this.#hunks[place]) }));
    this.#text.writeAll(changes.filter(({ row, text }) => text !== row.text));
  }
}

/** Whether the server can read what a row stands for. @param {Row} row */
export const isReadable = ({ state, start, end }) =>
  state !== "pending" && end > start && end - start <= LONGEST_SECONDS;

/** @param {Hunk} hunk */
const isDifferent = ({ before, after }) => before !== after;

/** @param {Hunk[]} hunks */
const chosenText = (hunks) =>
  hunks
    .map(({ before, after, isNew }) => (isNew ? after : before))
    .join("")
    .trim();

/** @param {Row} row */
const stretchOf = ({ start, end, channel }) => ({ start, end, channel });

/** @param {FormData} form */
function optionsIn(form) {
  const { hotwords, ...others } = Object.fromEntries(form);
  return { ...others, hotwords: `${hotwords}\n` };
}

/** @param {Hunk} hunk @returns {Node | string} */
function shownHunk(hunk) {
  if (!isDifferent(hunk)) return hunk.before;
  const button = create("button", { className: "hunk", type: "button" });
  const show = () => {
    button.textContent = (hunk.isNew ? hunk.after : hunk.before).trim() || "∅";
    button.ariaPressed = String(hunk.isNew);
    button.title = t("Old: {before} · new: {after}", { before: hunk.before || "∅", after: hunk.after || "∅" });
  };
  button.addEventListener("click", () => {
    hunk.isNew = !hunk.isNew;
    show();
  });
  show();
  return button;
}
