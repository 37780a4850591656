/** @import { Check } from "../../api/types.js" */
import { copyOf, field, find, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

/** One side of the report: lines that appear as they are found. */
export class CheckList {
  #root;
  #list;
  /** @type {Check[]} */
  checks = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#list = find(root, "[data-checks]", HTMLElement);
  }

  begin() {
    this.checks = [];
    this.#list.replaceChildren();
    this.#root.setAttribute("aria-busy", "true");
    field(this.#root, "progress").hidden = false;
  }

  /** Add a line, or put it in the place of the one with its name. @param {Check} check */
  show(check) {
    const line = copyOf("check-template");
    line.dataset.status = check.status;
    line.dataset.check = check.id;
    write(line, "fact", check.fact);
    write(line, "advice", check.advice);
    write(line, "id", check.id);
    write(line, "word", wordOf(check));
    const former = this.#list.querySelector(`[data-check="${check.id}"]`);
    if (former) former.replaceWith(line);
    else this.#list.append(line);
    this.checks = [...this.checks.filter(({ id }) => id !== check.id), check];
    this.#summarise();
  }

  end() {
    this.#root.removeAttribute("aria-busy");
    field(this.#root, "progress").hidden = true;
    this.#summarise();
  }

  #summarise() {
    if (this.#root.hasAttribute("aria-busy")) return;
    const bad = this.checks.filter(({ status }) => status === "warning" || status === "failure").length;
    write(this.#root, "state", bad ? t("To look at: {count}", { count: bad }) : t("Everything is in order."));
  }
}

/** @param {Check} check */
function wordOf({ status }) {
  if (status === "note") return t("Note");
  return status === "failure" ? t("Failure") : t("Warning");
}
