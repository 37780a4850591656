/** @import { ComparedSegment, ComparedText, Comparison, DifferencePiece } from "../../api/types.js" */
import { arrange, create } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { isOpen } from "../../lib/wording.js";

/** The texts of all readings, segment by segment, what differs marked. */
export class ComparisonTable {
  #table;
  /** @type {{key: string, row: HTMLElement}[]} */
  #rows = [];
  #head = "";
  #body;

  /** @param {HTMLTableElement} table */
  constructor(table) {
    this.#table = table;
    this.#body = table.createTBody();
  }

  /** @param {Comparison} comparison */
  show(comparison) {
    const titles = [...(comparison.is_laid_out ? [t("Said")] : []), ...comparison.readings.map(({ title }) => title)];
    this.#showHead(titles);
    this.#rows = comparison.segments.map((line, number) => this.#rowOf(line, number, comparison, titles));
    arrange(
      this.#body,
      this.#rows.map(({ row }) => row),
    );
  }

  // Internal

  /** @param {string[]} titles */
  #showHead(titles) {
    if (this.#head === titles.join("\n")) return;
    this.#head = titles.join("\n");
    this.#table.style.setProperty("--columns", String(titles.length));
    this.#table.deleteTHead();
    const heads = [t("Time"), ...titles].map((title) => create("th", { scope: "col" }, title));
    this.#table
      .createTHead()
      .insertRow()
      .append(...heads);
  }

  /** @param {ComparedSegment} line @param {number} number @param {Comparison} comparison @param {string[]} titles */
  #rowOf(line, number, { readings, is_laid_out: isLaidOut }, titles) {
    const states = readings.map(({ state }) => state);
    const key = JSON.stringify([line, titles, states]);
    if (this.#rows[number]?.key === key) return this.#rows[number];
    const time = [clock(line.start)];
    if (line.channel !== null) time.push(t("Channel {number}", { number: line.channel }));
    const row = create("tr", {}, create("td", {}, time.join(" · ")));
    const cells = line.readings.map((cell, column) => contentOf(cell, isOpen({ state: states[column] })));
    if (isLaidOut) cells.unshift([line.reference || none("–")]);
    cells.forEach((content, column) => row.append(cellOf(titles[column], content, isLaidOut && column === 0)));
    return { key, row };
  }
}

/** @param {string} title @param {(string | Node)[]} content @param {boolean} isReference */
function cellOf(title, content, isReference) {
  const label = create("span", { className: "comparison__label" }, title);
  return create("td", { className: isReference ? "comparison__reference" : "" }, label, ...content);
}

/** @param {ComparedText} cell @param {boolean} isGoingOn @returns {(string | Node)[]} */
function contentOf({ state, pieces, dropped }, isGoingOn) {
  if (pieces.length) return pieces.map(nodeOf);
  if (state === "pending") return [none(isGoingOn ? "…" : "–")];
  if (state === "failed") return [none(t("It failed."))];
  return [none(dropped ? t("Withheld: the model was not sure that somebody spoke.") : t("No text"))];
}

/** @param {DifferencePiece} piece */
function nodeOf({ text, kind }) {
  if (kind === "same") return text;
  return create(kind === "other" ? "ins" : "del", {}, kind === "missing" ? `${text} ` : text);
}

/** @param {string} text */
function none(text) {
  return create("span", { className: "comparison__none" }, text);
}
