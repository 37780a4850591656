/** @import { DiffPart } from "../../editing/diff.js" */
import { differences } from "../../editing/diff.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

/** @typedef {{index: number, start: number, channel: number | null, text: string, text_raw: string}} Compared  a segment; others of its fields are not used */

/** What was spoken beside what is written, segment by segment, the changed parts marked. Needs compare.css. */
export class TextComparison {
  #body;
  /** @type {Map<number, {row: HTMLElement, key: string}>} */
  #rows = new Map();

  /** @param {HTMLElement} root an empty element */
  constructor(root) {
    const { table, body } = comparisonTable([t("Time"), t("As spoken"), t("For reading")]);
    this.#body = body;
    root.replaceChildren(table);
  }

  /** Show `segments`; rows that did not change stay as they are. @param {Compared[]} segments */
  show(segments) {
    const spoken = segments.filter(({ text, text_raw: raw }) => text || raw);
    const rows = spoken.map((segment) => this.#rowOf(segment));
    if (rows.length !== this.#body.children.length || rows.some((row, place) => row !== this.#body.children[place])) {
      this.#body.replaceChildren(...rows);
    }
  }

  // Internal

  /** @param {Compared} segment */
  #rowOf(segment) {
    const key = JSON.stringify([segment.start, segment.text_raw, segment.text]);
    const known = this.#rows.get(segment.index);
    if (known?.key === key) return known.row;
    const row = rowOf(segment);
    this.#rows.set(segment.index, { row, key });
    return row;
  }
}

/** An empty table with these heads. @param {string[]} titles */
export function comparisonTable(titles) {
  const table = document.createElement("table");
  table.className = "compare";
  const head = table.createTHead().insertRow();
  for (const title of titles) head.append(cell("th", title));
  for (const title of head.children) title.setAttribute("scope", "col");
  return { table, body: table.createTBody() };
}

/**
 * A row with two texts beside each other, the changed parts marked.
 *
 * @param {{start: number, channel?: number | null, before: string, after: string}} compared
 */
export function comparedRow({ start, channel = null, before: former, after: latter }) {
  const { before, after } = differences(former, latter);
  const row = document.createElement("tr");
  const time = cell("td", clock(start));
  if (channel !== null) time.append(channelMark(channel));
  row.append(
    time,
    cell("td", ...before.map((part) => marked(part, "del"))),
    cell("td", ...after.map((part) => marked(part, "ins"))),
  );
  return row;
}

/** @param {Compared} segment */
function rowOf({ start, channel, text, text_raw: raw }) {
  return comparedRow({ start, channel, before: raw, after: text });
}

/** @param {number} channel */
function channelMark(channel) {
  const mark = document.createElement("span");
  mark.className = "compare__channel";
  mark.textContent = t("Channel {number}", { number: channel });
  return mark;
}

/** @param {DiffPart} part @param {"del" | "ins"} name */
function marked({ text, isChanged }, name) {
  if (!isChanged || !text.trim()) return text;
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/** @param {"td" | "th"} name @param {(string | Node)[]} content */
function cell(name, ...content) {
  const element = document.createElement(name);
  element.append(...content);
  return element;
}
