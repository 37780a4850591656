/** @import { Stretch } from "../lib/diff.js" */
import { differences } from "../lib/diff.js";
import { clock } from "../lib/format.js";
import { t } from "../lib/messages.js";

/** @typedef {{index: number, start: number, channel: number | null, text: string, text_raw: string}} Compared  a segment; others of its fields are not used */

/** What was spoken beside what is written, segment by segment, the changed parts marked. Needs compare.css. */
export class Comparison {
  #body;
  /** @type {Map<number, {row: HTMLElement, key: string}>} */
  #rows = new Map();

  /** @param {HTMLElement} root an empty element */
  constructor(root) {
    const table = document.createElement("table");
    table.className = "compare";
    const head = table.createTHead().insertRow();
    for (const title of [t("Time"), t("As spoken"), t("For reading")]) head.append(cell("th", title));
    for (const title of head.children) title.setAttribute("scope", "col");
    this.#body = table.createTBody();
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

/** @param {Compared} segment */
function rowOf({ start, channel, text, text_raw: raw }) {
  const { before, after } = differences(raw, text);
  const row = document.createElement("tr");
  const time = cell("td", clock(start));
  if (channel !== null) time.append(channelMark(channel));
  row.append(time, cell("td", ...before.map((part) => marked(part, "del"))), cell("td", ...after.map((part) => marked(part, "ins"))));
  return row;
}

/** @param {number} channel */
function channelMark(channel) {
  const mark = document.createElement("span");
  mark.className = "compare__channel";
  mark.textContent = t("Channel {number}", { number: channel });
  return mark;
}

/** @param {Stretch} stretch @param {"del" | "ins"} name */
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
