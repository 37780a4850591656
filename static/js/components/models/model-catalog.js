/** @import { ModelItem } from "../../api/types.js" */
import { api, url } from "../../lib/address.js";
import { problemOf } from "../../api/client.js";
import { openDialog } from "../../lib/dialog.js";
import { field, find, onAction, write } from "../../lib/dom.js";
import { listen } from "../../api/events.js";
import { t } from "../../lib/messages.js";
import { cancelPull, chooseModel, installNeeds, pullModel, removeModel, verifyModel } from "../../api/models.js";
import { showModel } from "./model-card.js";
import { connectionBack, connectionLost } from "../common/notices.js";
import { showError } from "../common/problem-box.js";

/** All models, as they are now; events of the server tell every change, also of other windows. */
export class ModelCatalog {
  #root;
  /** @type {string | undefined} */
  #chosen;
  #onChosen;

  /** @param {HTMLElement} root @param {(title: string) => void} onChosen  told the model in use, as often as it changes */
  constructor(root, onChosen) {
    this.#root = root;
    this.#onChosen = onChosen;
    onAction(root, (action, button) => void this.#act(action, button));
    listen(
      api("/models/events"),
      { opened: connectionBack, lost: connectionLost },
      {
        models: (/** @type {{models: ModelItem[]}} */ answer) => void this.#show(answer.models),
      },
    );
  }

  /** @param {ModelItem[]} models */
  async #show(models) {
    const names = new Set(models.map((model) => model.name));
    for (const card of this.#cards()) if (!names.has(card.dataset.model ?? "")) card.remove();
    if (models.some((model) => !this.#card(model.name))) await this.#fetchCards();
    for (const model of models) {
      const card = this.#card(model.name);
      if (!card) continue;
      this.#place(card, model.state === "available" ? "available" : "here");
      showModel(card, model);
    }
    const inUse = models.find((model) => model.state === "in_use" || model.state === "switching");
    const chosen = inUse && `${inUse.name} ${inUse.state}`;
    if (chosen && chosen !== this.#chosen) this.#onChosen(inUse.title);
    this.#chosen = chosen;
  }

  /** Take the cards of models that are new from the server, which knows how to write them. */
  async #fetchCards() {
    const page = new DOMParser().parseFromString(await (await fetch(url("/models"))).text(), "text/html");
    for (const card of page.querySelectorAll("[data-model]")) {
      if (card instanceof HTMLElement && !this.#card(card.dataset.model ?? "")) {
        find(this.#root, '[data-list="here"]', HTMLElement).append(document.importNode(card, true));
      }
    }
  }

  /** Move a card to the list it belongs to, without taking the focus from it. @param {HTMLElement} card @param {string} list */
  #place(card, list) {
    const place = find(this.#root, `[data-list="${list}"]`, HTMLElement);
    if (card.parentElement === place) return;
    const focused = card.contains(document.activeElement) ? document.activeElement : null;
    place.append(card);
    if (focused instanceof HTMLElement) focused.focus();
  }

  /** @param {string} name */
  #card(name) {
    return this.#cards().find((card) => card.dataset.model === name);
  }

  #cards() {
    return /** @type {HTMLElement[]} */ ([...this.#root.querySelectorAll("[data-model]")]);
  }

  /** @param {string} action @param {HTMLElement} button */
  async #act(action, button) {
    const card = button.closest("[data-model]");
    if (!(card instanceof HTMLElement) || !(button instanceof HTMLButtonElement)) return;
    showError(card, null);
    write(card, "result", action === "verify" ? t("Reading the files …") : "");
    button.disabled = true;
    try {
      const result = await perform(action, card);
      write(card, "result", result ?? "");
    } catch (error) {
      write(card, "result", "");
      showError(card, problemOf(error));
    } finally {
      button.disabled = false;
    }
  }
}

/** @param {string} action @param {HTMLElement} card @returns {Promise<string | void>} what to say afterwards */
async function perform(action, card) {
  const name = card.dataset.model ?? "";
  const hub = card.querySelector("[data-hub]");
  if (action === "pull") await pullModel(name, hub instanceof HTMLSelectElement ? hub.value : undefined);
  if (action === "resume") await pullModel(name, undefined);
  if (action === "cancel") await cancelPull(name);
  if (action === "use") await chooseModel(name);
  if (action === "install") await installNeeds(name);
  if (action === "verify") return verdict(await verifyModel(name));
  if (action === "remove" && (await isSure(card))) await removeModel(name);
}

/** @param {{has_checksums: boolean}} answer */
function verdict({ has_checksums }) {
  if (has_checksums) return t("Every file matches its checksum.");
  return t("The files are there; there are no checksums to compare them with.");
}

/** @param {HTMLElement} card @returns {Promise<boolean>} */
async function isSure(card) {
  const dialog = find(document, "#confirm-remove", HTMLDialogElement);
  write(dialog, "name", field(card, "title").textContent ?? "");
  write(dialog, "consequence", consequence(card));
  return (await openDialog(dialog)) === "remove";
}

/** @param {HTMLElement} card */
function consequence(card) {
  if ("linked" in card.dataset) return t("It is only forgotten here. Its folder and files stay where they are.");
  if (card.dataset.state === "stopped")
    return t("What has arrived is deleted from the server. It can be downloaded again.");
  return t("Its files are deleted from the server. What came from the internet can be downloaded again.");
}
