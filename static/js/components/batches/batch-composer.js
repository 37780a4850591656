/** @import { ChosenFile } from "../../uploads/dropped-files.js" */
/** @import { RecognitionSettings } from "../recognition/recognition-settings.js" */
/** @import { Batch } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { addServerFolder, createBatch, deleteBatch } from "../../api/batches.js";
import { buttonOf, copyOf, field, find, onAction, write } from "../../lib/dom.js";
import { filesize } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { folderZone } from "./folder-zone.js";
import { showError } from "../common/problem-box.js";

const now = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" }); // two batches of a day have two names

/** What a new batch is put together from: files, a folder on the server, a name, settings. */
export class BatchComposer {
  #root;
  #settings;
  #created;
  /** @type {Map<string, ChosenFile>} by path, size and date */
  #chosen = new Map();
  #left = 0;

  /**
   * @param {HTMLElement} root
   * @param {RecognitionSettings} settings
   * @param {(batch: Batch, files: ChosenFile[]) => void} created
   */
  constructor(root, settings, created) {
    this.#root = root;
    this.#settings = settings;
    this.#created = created;
    folderZone(find(root, "[data-zone]", HTMLElement), (files, left) => this.#add(files, left));
    onAction(root, (action) => {
      if (action === "create") void this.#create();
      if (action === "clear") this.#clear();
    });
    root.addEventListener("input", () => this.#draw());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && root.checkVisibility()) void this.#create();
    });
    this.#draw();
  }

  /** Whether leaving the page would lose a choice. */
  get isFilled() {
    return this.#chosen.size > 0;
  }

  // Internal

  /** @param {ChosenFile[]} files @param {ChosenFile[]} left */
  #add(files, left) {
    for (const item of files) this.#chosen.set(keyOf(item), item);
    this.#left += left.length;
    this.#drawFiles();
  }

  #clear() {
    this.#chosen.clear();
    this.#left = 0;
    this.#drawFiles();
  }

  get #name() {
    return find(this.#root, '[name="name"]', HTMLInputElement);
  }

  get #folder() {
    const input = this.#root.querySelector('[name="folder"]');
    return input instanceof HTMLInputElement ? input.value.trim() : "";
  }

  async #create() {
    const button = buttonOf(this.#root, "create");
    if (button.disabled) return;
    button.disabled = true;
    showError(this.#root, null);
    try {
      const batch = await createBatch(this.#name.value.trim() || this.#proposedName(), this.#settings.values);
      const files = [...this.#chosen.values()];
      if (this.#folder) await this.#addFolder(batch);
      this.#clear();
      this.#created(batch, files);
    } catch (error) {
      showError(this.#root, problemOf(error));
      this.#draw();
    }
  }

  /** Add the folder of the server; a batch that it cannot be added to is not left behind. @param {Batch} batch */
  async #addFolder(batch) {
    try {
      await addServerFolder(batch.id, this.#folder);
    } catch (error) {
      await deleteBatch(batch.id);
      throw error;
    }
  }

  #drawFiles() {
    const rows = [...this.#chosen.values()].map((item) => this.#rowOf(item));
    find(this.#root, "[data-files]", HTMLElement).replaceChildren(...rows);
    this.#draw();
  }

  /** @param {ChosenFile} item */
  #rowOf(item) {
    const row = copyOf("chosen-file-template");
    write(row, "path", item.path);
    write(row, "size", filesize(item.file.size));
    buttonOf(row, "leave-out").ariaLabel = t("Remove {name}", { name: item.path });
    onAction(row, () => {
      this.#chosen.delete(keyOf(item));
      (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("button")?.focus();
      row.remove();
      this.#draw();
    });
    return row;
  }

  #draw() {
    const files = [...this.#chosen.values()];
    buttonOf(this.#root, "create").disabled = !files.length && !this.#folder;
    find(this.#root, "[data-chosen]", HTMLElement).hidden = !files.length && !this.#left;
    this.#name.placeholder = this.#proposedName();
    write(
      this.#root,
      "chosen",
      t("{count} recordings, {size}", { count: files.length, size: filesize(sizeOf(files)) }),
    );
    write(
      this.#root,
      "left",
      this.#left ? t("Left out, because they are no recordings: {count}", { count: this.#left }) : "",
    );
    field(this.#root, "left").hidden = !this.#left;
    write(this.#root, "hint", this.#hint(files.length));
  }

  /** @param {number} count */
  #hint(count) {
    if (count) return t("Ready to start: {count}", { count });
    return this.#folder ? t("Ready to start: the folder on the server") : t("Nothing chosen yet");
  }

  /** The folder that was chosen, or the moment. */
  #proposedName() {
    const folders = new Set([...this.#chosen.values()].map(({ path }) => path.split("/").slice(0, -1)[0]));
    const [folder] = folders;
    if (folders.size === 1 && folder) return folder;
    return this.#folder.split("/").filter(Boolean).at(-1) ?? t("Batch of {date}", { date: now.format(new Date()) });
  }
}

/** @param {ChosenFile} item */
function keyOf({ file, path }) {
  return `${file.size} ${file.lastModified} ${path}`;
}

/** @param {ChosenFile[]} files */
function sizeOf(files) {
  return files.reduce((bytes, { file }) => bytes + file.size, 0);
}
