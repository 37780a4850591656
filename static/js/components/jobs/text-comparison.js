import { differences } from "../../editing/diff.js";
import { arrange, create } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { markedParts, markedWords } from "../common/marked-parts.js";

/** @typedef {{index: number, start: number, channel: number | null, text: string, text_raw: string}} Compared  a segment; others of its fields are not used */

/** What was spoken beside what is written, segment by segment, the changed parts marked. Needs compare.css. */
export class TextComparison {
  #body;
  /** @type {Map<number, {row: HTMLElement, key: string}>} */
  #rows = new Map();

  /** @param {HTMLElement} root an empty element */
  constructor(root) {
    const { table, body } = comparisonTable([t("Time"), t("Verbatim"), t("Clean")]);
    this.#body = body;
    root.replaceChildren(table);
  }

  /** Show `segments`; rows that did not change stay as they are. @param {Compared[]} segments */
  show(segments) {
    const spoken = segments.filter(({ text, text_raw: raw }) => text || raw);
    arrange(
      this.#body,
      spoken.map((segment) => this.#rowOf(segment)),
    );
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
  const table = create("table", { className: "compare" });
  table
    .createTHead()
    .insertRow()
    .append(...titles.map((title) => create("th", { scope: "col" }, title)));
  return { table, body: table.createTBody() };
}

/**
 * A row with two texts beside each other, the changed parts marked.
 *
 * @param {{start: number, channel?: number | null, before: string, after: string}} compared
 * @param {typeof markedParts} [marked]
 */
export function comparedRow({ start, channel = null, before: former, after: latter }, marked = markedParts) {
  const { before, after } = differences(former, latter);
  return create(
    "tr",
    {},
    create("td", {}, clock(start), ...(channel === null ? [] : [channelMark(channel)])),
    create("td", {}, ...marked(before, "del")),
    create("td", {}, ...marked(after, "ins")),
  );
}

/** @param {Compared} segment */
function rowOf({ start, channel, text, text_raw: raw }) {
  return comparedRow({ start, channel, before: raw, after: text }, markedWords);
}

/** @param {number} channel */
function channelMark(channel) {
  return create("span", { className: "compare__channel" }, t("Channel {number}", { number: channel }));
}
