import { find, onAction, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

/** The recordings of a batch that are ticked, also those far down whose rows are not there. Shift takes all between two. */
export class BatchSelection {
  #toolbar;
  #list;
  #all;
  /** @type {Set<string>} */
  #ids = new Set();
  #last = "";

  /**
   * @param {HTMLElement} toolbar
   * @param {HTMLElement} list
   * @param {() => Promise<string[]>} all the ids of everything that is listed now
   * @param {(action: "cancel" | "retry" | "remove", ids: string[]) => void} act
   */
  constructor(toolbar, list, all, act) {
    this.#toolbar = toolbar;
    this.#list = list;
    this.#all = all;
    onAction(toolbar, (action) => act(/** @type {"cancel" | "retry" | "remove"} */ (action), [...this.#ids]));
    this.#allBox.addEventListener("change", () => void this.#takeAll());
    list.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.#ids.size && list.checkVisibility()) this.clear();
    });
    this.#show();
  }

  /** Tick a row that was filled, if its recording is chosen. @param {HTMLElement} row @param {string} name */
  mark(row, name) {
    const box = find(row, "[data-select]", HTMLInputElement);
    box.checked = this.#ids.has(row.dataset.item ?? "");
    box.ariaLabel = t("Select {name}", { name });
  }

  clear() {
    this.#take([...this.#ids], false);
  }

  // Internal

  get #allBox() {
    return find(this.#toolbar, "[data-select-all]", HTMLInputElement);
  }

  get #rows() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll("[data-item]")]);
  }

  async #takeAll() {
    const isWanted = this.#allBox.checked;
    this.#take(isWanted ? await this.#all() : [...this.#ids], isWanted);
  }

  /** @param {MouseEvent} event */
  #onClick({ target, shiftKey }) {
    if (!(target instanceof HTMLInputElement && "select" in target.dataset)) return;
    const id = target.closest("[data-item]")?.getAttribute("data-item") ?? "";
    this.#take(shiftKey ? this.#upTo(id) : [id], target.checked);
    this.#last = id;
  }

  /** @param {string} id */
  #upTo(id) {
    const ids = this.#rows.map(({ dataset }) => dataset.item ?? "");
    const [here, last] = [ids.indexOf(id), ids.indexOf(this.#last)];
    return last < 0 ? [id] : ids.slice(Math.min(here, last), Math.max(here, last) + 1);
  }

  /** @param {string[]} ids @param {boolean} isChosen */
  #take(ids, isChosen) {
    for (const id of ids) {
      if (isChosen) this.#ids.add(id);
      else this.#ids.delete(id);
    }
    this.#show();
  }

  #show() {
    const count = this.#ids.size;
    for (const row of this.#rows) {
      find(row, "[data-select]", HTMLInputElement).checked = this.#ids.has(row.dataset.item ?? "");
    }
    if (!count) this.#allBox.checked = false;
    write(this.#toolbar, "selected", count ? t("{count} selected", { count }) : "");
    find(this.#toolbar, "[data-when-selected]", HTMLElement).hidden = !count;
  }
}
