/** @import { HotwordList } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { buttonOf, find, onAction, slotOf, write } from "../../lib/dom.js";
import { createList, deleteList, getLists, replaceList } from "../../api/hotword-lists.js";
import { t } from "../../lib/messages.js";
import { submitDialog } from "../common/form-dialog.js";
import { showError } from "../common/problem-box.js";

const CHOSEN = "funasr.hotword-list";
const COUNT = "funasr.hotword-lists"; // how many there were: their place is kept free while they are asked for

/** The saved lists above the field of hotwords: choose one, save the words as one, update it, delete it. */
export class HotwordLists {
  #root;
  #words;
  #select;
  /** @type {HotwordList[]} */
  #lists = [];

  /** @param {HTMLElement} root with the field of hotwords */
  constructor(root) {
    this.#root = root;
    this.#words = find(root, '[name="hotwords"]', HTMLTextAreaElement);
    this.#select = find(root, '[name="hotword-list"]', HTMLSelectElement);
    this.#words.addEventListener("input", () => this.#show());
    this.#select.addEventListener("change", () => void this.#choose());
    onAction(root, (action) => void this.#act(action));
    this.#keepPlace(Number(localStorage.getItem(COUNT)));
    void this.#load(localStorage.getItem(CHOSEN) ?? "");
  }

  // Internal

  get #chosen() {
    return this.#lists.find(({ id }) => id === this.#select.value);
  }

  /** @param {string} id of the list to be chosen then */
  async #load(id) {
    try {
      const { lists } = await getLists();
      this.#lists = lists;
      localStorage.setItem(COUNT, String(lists.length));
    } catch {
      this.#keepPlace(0);
      return; // the words in the field can be used without lists
    }
    const none = this.#select.options[0];
    this.#select.replaceChildren(
      none,
      ...this.#lists.map(({ id, name, count }) => new Option(`${name} (${count})`, id)),
    );
    this.#select.value = this.#lists.some((list) => list.id === id) ? id : "";
    this.#show();
  }

  /** A list was chosen: its words come into the field, unless words that are nowhere else would be lost. */
  async #choose() {
    const list = this.#chosen;
    const { value } = this.#words;
    const isKept = !value.trim() || this.#lists.some(({ words }) => isSame(words, value));
    if (
      list &&
      !isKept &&
      !isSame(list.words, value) &&
      !(await submitDialog(find(document, "#replace-words", HTMLDialogElement), "replace"))
    ) {
      this.#select.value = localStorage.getItem(CHOSEN) ?? "";
    } else if (list) {
      this.#words.value = list.words;
      this.#words.dispatchEvent(new Event("input", { bubbles: true }));
    }
    write(this.#root, "list-status", "");
    this.#show();
  }

  /** @param {string} action */
  async #act(action) {
    showError(this.#root, null);
    if (action === "save-list") await this.#save();
    if (action === "update-list") await this.#update();
    if (action === "delete-list") await this.#delete();
  }

  async #save() {
    const dialog = find(document, "#save-list", HTMLDialogElement);
    let saved = "";
    find(dialog, '[name="name"]', HTMLInputElement).value = "";
    const isSaved = await submitDialog(dialog, "save", async (form) => {
      ({ id: saved } = await createList(String(form.get("name")), this.#words.value));
    });
    if (isSaved) await this.#finish(saved, t("Saved as a list."));
  }

  async #update() {
    const list = this.#chosen;
    if (!list) return;
    try {
      await replaceList(list.id, list.name, this.#words.value);
      await this.#finish(list.id, t("The list has the words of the field now."));
    } catch (error) {
      showError(this.#root, problemOf(error));
    }
  }

  async #delete() {
    const list = this.#chosen;
    if (!list) return;
    const dialog = find(document, "#delete-list", HTMLDialogElement);
    write(dialog, "name", list.name);
    if (await submitDialog(dialog, "delete", () => deleteList(list.id)))
      await this.#finish("", t("The list is deleted."));
  }

  /** @param {string} id @param {string} status */
  async #finish(id, status) {
    await this.#load(id);
    write(this.#root, "list-status", status);
    if (!this.#root.contains(document.activeElement)) this.#words.focus(); // the button that was pressed may be gone
  }

  /** Offer what can be done with the words and the chosen list. */
  #show() {
    localStorage.setItem(CHOSEN, this.#select.value);
    const list = this.#chosen;
    const isNew = !list || !isSame(list.words, this.#words.value);
    const hasWords = this.#words.value.trim() !== "";
    this.#keepPlace(this.#lists.length);
    buttonOf(this.#root, "save-list").disabled = !hasWords || !isNew;
    this.#offer("update-list", list !== undefined && hasWords && isNew);
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
