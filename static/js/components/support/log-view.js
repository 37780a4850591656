/** @import { LogLine, LogPage } from "../../api/types.js" */
import { copyOf, field, find, slotOf } from "../../lib/dom.js";

const MAX_LINES = 2000; // the oldest leave, so that a page that follows for a day stays quick

/** The entries on the page, in the order of time. */
export class LogView {
  #root;
  #list;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#list = find(root, "[data-entries]", HTMLElement);
  }

  /** Show another page in place of what is there. @param {LogPage} page */
  replace(page) {
    this.#list.replaceChildren(...page.entries.map(lineOf));
    slotOf(this.#root, "cut").hidden = !page.is_cut;
    this.toEnd();
    this.#showEmpty();
  }

  /** @param {LogLine[]} entries */
  append(entries) {
    if (entries.length === 0) return;
    const isAtEnd = this.isAtEnd();
    this.#list.append(...entries.map(lineOf));
    while (this.#list.children.length > MAX_LINES) this.#list.firstElementChild?.remove();
    if (isAtEnd) this.toEnd();
    this.#showEmpty();
  }

  isAtEnd() {
    return this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - 40;
  }

  toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #showEmpty() {
    slotOf(this.#root, "empty").hidden = this.#list.children.length > 0;
  }
}

/** @param {LogLine} entry */
function lineOf(entry) {
  const line = copyOf("log-entry-template");
  line.dataset.level = entry.level;
  find(line, ".log-entry__level", HTMLElement).textContent = entry.level;
  field(line, "text").textContent = entry.text;
  for (const name of /** @type {const} */ (["request", "job"])) {
    const button = find(line, `[data-action="${name}"]`, HTMLButtonElement);
    button.dataset.value = entry[name];
    button.hidden = !entry[name];
  }
  return line;
}
