/** @import { SavedList } from "../../api/types.js" */
/** @import { ListKind } from "../../api/saved-lists.js" */
import { problemOf } from "../../api/client.js";
import { buttonOf, find, onAction, slotOf, write } from "../../lib/dom.js";
import { createList, deleteList, getLists, replaceList } from "../../api/saved-lists.js";
import { t } from "../../lib/messages.js";
import { submitDialog } from "../common/form-dialog.js";
import { showError } from "../common/problem-box.js";

const ERROR = "list-error";

/** The saved lists above a field of hotwords or rules: choose one, save the lines as one, update it, delete it. */
export class SavedLists {
  #root;
  #kind;
  #field;
  #select;
  #chosenKey;
  #countKey;
  #previous; // the id of the list that was chosen last
  /** @type {SavedList[]} */
  #lists = [];

  /** @param {HTMLElement} root with the field @param {boolean} [isRemembered] whether the browser remembers which is chosen */
  constructor(root, isRemembered = true) {
    this.#root = root;
    this.#kind = /** @type {ListKind} */ (root.dataset.savedLists);
    this.#field = find(root, "textarea", HTMLTextAreaElement);
    this.#select = find(root, "[data-list]", HTMLSelectElement);
    this.#chosenKey = isRemembered ? `funasr.${this.#kind}-list` : "";
    this.#countKey = `funasr.${this.#kind}-lists`; // how many there were: their place is kept free while they are asked for
    this.#previous = (this.#chosenKey && localStorage.getItem(this.#chosenKey)) || "";
    this.#field.addEventListener("input", () => this.#show());
    this.#select.addEventListener("change", () => void this.#choose());
    onAction(root, (action) => void this.#act(action));
    this.#keepPlace(Number(localStorage.getItem(this.#countKey)));
    void this.#load(this.#previous);
  }

  // Internal

  get #chosen() {
    return this.#lists.find(({ id }) => id === this.#select.value);
  }

  /** @param {string} id of the list to be chosen then */
  async #load(id) {
    try {
      this.#lists = await getLists(this.#kind);
      localStorage.setItem(this.#countKey, String(this.#lists.length));
    } catch {
      this.#keepPlace(0);
      return; // what is in the field can be used without lists
    }
    const none = this.#select.options[0];
    this.#select.replaceChildren(
      none,
      ...this.#lists.map(({ id, name, count }) => new Option(`${name} (${count})`, id)),
    );
    this.#select.value = this.#lists.some((list) => list.id === id) ? id : "";
    this.#show();
  }

  /** A list was chosen: its lines come into the field, unless lines that are nowhere else would be lost. */
  async #choose() {
    const list = this.#chosen;
    const { value } = this.#field;
    const isKept = !value.trim() || this.#lists.some(({ text }) => isSame(text, value));
    if (
      list &&
      !isKept &&
      !isSame(list.text, value) &&
      !(await submitDialog(find(document, "#replace-words", HTMLDialogElement), "replace"))
    ) {
      this.#select.value = this.#previous;
    } else if (list) {
      this.#field.value = list.text;
      this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    write(this.#root, "list-status", "");
    this.#show();
  }

  /** @param {string} action */
  async #act(action) {
    showError(this.#root, null, ERROR);
    if (action === "save-list") await this.#save();
    if (action === "update-list") await this.#update();
    if (action === "delete-list") await this.#delete();
  }

  async #save() {
    const dialog = find(document, "#save-list", HTMLDialogElement);
    let saved = "";
    find(dialog, '[name="name"]', HTMLInputElement).value = "";
    const isSaved = await submitDialog(dialog, "save", async (form) => {
      ({ id: saved } = await createList(this.#kind, String(form.get("name")), this.#field.value));
    });
    if (isSaved) await this.#finish(saved, t("Saved as a list."));
  }

  async #update() {
    const list = this.#chosen;
    if (!list) return;
    try {
      await replaceList(this.#kind, list.id, list.name, this.#field.value);
      await this.#finish(list.id, t("The list has what is in the field now."));
    } catch (error) {
      showError(this.#root, problemOf(error), ERROR);
    }
  }

  async #delete() {
    const list = this.#chosen;
    if (!list) return;
    const dialog = find(document, "#delete-list", HTMLDialogElement);
    write(dialog, "name", list.name);
    if (await submitDialog(dialog, "delete", () => deleteList(this.#kind, list.id)))
      await this.#finish("", t("The list is deleted."));
  }

  /** @param {string} id @param {string} status */
  async #finish(id, status) {
    await this.#load(id);
    write(this.#root, "list-status", status);
    if (!this.#root.contains(document.activeElement)) this.#field.focus(); // the button that was pressed may be gone
  }

  /** Offer what can be done with the lines and the chosen list. */
  #show() {
    this.#previous = this.#select.value;
    if (this.#chosenKey) localStorage.setItem(this.#chosenKey, this.#previous);
    const list = this.#chosen;
    const isNew = !list || !isSame(list.text, this.#field.value);
    const hasLines = this.#field.value.trim() !== "";
    this.#keepPlace(this.#lists.length);
    buttonOf(this.#root, "save-list").disabled = !hasLines || !isNew;
    this.#offer("update-list", list !== undefined && hasLines && isNew);
    this.#offer("delete-list", list !== undefined);
  }

  /** @param {number} count */
  #keepPlace(count) {
    slotOf(this.#root, "lists").hidden = count === 0;
  }

  /** @param {string} action @param {boolean} isPossible */
  #offer(action, isPossible) {
    find(this.#root, `[data-action="${action}"]`, HTMLButtonElement).hidden = !isPossible;
  }
}

/** Whether two texts hold the same lines. @param {string} left @param {string} right */
function isSame(left, right) {
  const lines = (/** @type {string} */ text) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean)
      .join("\n");
  return lines(left) === lines(right);
}
