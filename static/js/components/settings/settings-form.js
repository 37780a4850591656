/** @import { Model, SettingItem, Settings } from "../../api/types.js" */
import { Refusal, problemOf } from "../../api/client.js";
import { buttonOf, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { readJson } from "../../lib/storage.js";
import { changeSettings, expiredAfter, getSettings } from "../../api/settings.js";
import { deviceName } from "../../lib/wording.js";
import { fillProblem } from "../common/problem-box.js";

const RETENTION = "retention_days";
const DRAFT = "funasr.settings-draft";
const RELOAD_POLL_MS = 1000;

/** The settings and the bar that saves them: all at once, or none. What is not saved yet survives a reload. */
export class SettingsForm {
  #form;
  /** @type {HTMLElement[]} */
  #rows;
  #isSaving = false;
  #isReloading = false;
  #onLoaded;
  /** What the last save led to. */
  #outcome = "";

  /** @param {HTMLFormElement} form @param {() => void} onLoaded called when the model has been loaded again */
  constructor(form, onLoaded) {
    this.#form = form;
    this.#onLoaded = onLoaded;
    this.#rows = [...form.querySelectorAll("[data-setting]")].filter((row) => row instanceof HTMLElement);
    this.#restoreDraft();
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
    onAction(form, (action, button) => {
      if (action === "discard") this.#discard();
      const row = button.closest("[data-setting]");
      if (action === "reset" && row instanceof HTMLElement) this.#reset(row);
    });
    document.addEventListener("visibilitychange", () => !document.hidden && !this.#isReloading && void this.#refresh());
    this.#show();
    if (form.dataset.reloading !== undefined) void this.#refresh();
  }

  // Internal

  get #dirty() {
    return this.#rows.filter((row) => valueOf(row) !== storedValue(row));
  }

  /** Say how many entries a new retention moves to the trash, before it is saved. */
  async #tellRetention() {
    const row = this.#rows.find((candidate) => nameOf(candidate) === RETENTION);
    if (!row) return;
    const days = valueOf(row);
    const isNew = days !== storedValue(row) && typeof days === "number" && controlOf(row).checkValidity();
    const count = isNew ? await expiredAfter(days).catch(() => 0) : 0;
    if (days === valueOf(row))
      write(row, "note", count ? t("Saving moves entries to the trash: {count}", { count }) : "");
  }

  #changed() {
    this.#outcome = "";
    void this.#tellRetention();
    const draft = Object.fromEntries(this.#dirty.map((row) => [nameOf(row), valueOf(row)]));
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
    for (const row of this.#rows) showError(row, "");
    this.#show();
  }

  #restoreDraft() {
    for (const [name, value] of Object.entries(readDraft())) {
      const row = this.#rows.find((candidate) => nameOf(candidate) === name);
      if (row && !controlOf(row).disabled) setValue(row, value);
    }
  }

  #discard() {
    for (const row of this.#rows) setValue(row, storedValue(row));
    this.#changed();
  }

  /** @param {HTMLElement} row */
  #reset(row) {
    setValue(row, JSON.parse(row.dataset.default ?? "null"));
    this.#changed();
    controlOf(row).focus();
  }

  async #save() {
    if (this.#isSaving || !this.#dirty.length || !this.#isValid()) return;
    this.#isSaving = true;
    this.#show();
    try {
      const answer = await changeSettings(
        Object.fromEntries(this.#dirty.map((row) => [nameOf(row), valueToSave(row)])),
      );
      this.#outcome = t("Saved");
      this.#accept(answer);
      sessionStorage.removeItem(DRAFT);
    } catch (error) {
      this.#refused(error);
    }
    this.#isSaving = false;
    this.#show();
  }

  #isValid() {
    const wrong = this.#dirty.filter((row) => !controlOf(row).checkValidity());
    for (const row of wrong) showError(row, controlOf(row).validationMessage);
    if (wrong.length) controlOf(wrong[0]).focus();
    return wrong.length === 0;
  }

  /** @param {unknown} error */
  #refused(error) {
    const problem = problemOf(error);
    const name = error instanceof Refusal ? /** @type {{field?: string}} */ (error.problem).field : undefined;
    const row = this.#rows.find((candidate) => nameOf(candidate) === name);
    if (row) {
      showError(row, `${problem.message} ${problem.advice}`);
      controlOf(row).focus();
    }
    this.#outcome = t("Not saved: {reason}", { reason: problem.message });
  }

  /** @param {Settings} answer */
  #accept(answer) {
    for (const item of answer.groups.flatMap(({ settings }) => settings)) {
      const row = this.#rows.find((candidate) => nameOf(candidate) === item.name);
      if (row) applyItem(row, item);
    }
    const slot = slotOf(this.#form, "taken-back");
    slot.hidden = !answer.taken_back;
    fillProblem(slot, answer.taken_back?.problem ?? null);
    this.#followReload(answer);
    this.#show();
  }

  /** Say how a change that loads the model again turns out. @param {Settings} answer */
  #followReload({ is_reloading: isReloading, taken_back: takenBack, model }) {
    const wasReloading = this.#isReloading;
    this.#isReloading = isReloading;
    if (isReloading) {
      this.#outcome = t("Saved. The model is loaded again; running work goes on first.");
      setTimeout(() => void this.#refresh(), RELOAD_POLL_MS);
    } else if (wasReloading) {
      this.#outcome = takenBack
        ? t("Reverted: {reason} The former settings hold again.", { reason: takenBack.problem.message })
        : loadedWith(model);
      this.#onLoaded();
    }
  }

  /** Another tab or the worker may have changed something. */
  async #refresh() {
    try {
      this.#accept(await getSettings());
    } catch {
      if (this.#isReloading) setTimeout(() => void this.#refresh(), RELOAD_POLL_MS); // the page's lamp tells of a lost connection
    }
  }

  #show() {
    const dirty = this.#dirty;
    for (const row of this.#rows) row.toggleAttribute("data-dirty", dirty.includes(row));
    buttonOf(this.#form, "save").disabled = !dirty.length || this.#isSaving;
    buttonOf(this.#form, "discard").disabled = !dirty.length || this.#isSaving;
    find(this.#form, "[data-reload]", HTMLProgressElement).hidden = !this.#isReloading;
    write(this.#form, "summary", dirty.length && !this.#outcome ? summary(dirty) : this.#outcome || t("No changes"));
  }
}

/** Say what saving will do. @param {HTMLElement[]} dirty */
function summary(dirty) {
  const parts = [t("Changes: {count}", { count: dirty.length })];
  if (dirty.some(({ dataset }) => dataset.effect === "reload"))
    parts.push(t("The model will be loaded again; running work goes on first."));
  if (dirty.some(({ dataset }) => dataset.effect === "restart")) parts.push(t("Some take effect after a restart."));
  return parts.join(" · ");
}

/** @param {Model} model */
function loadedWith({ device, dtype, load_seconds: seconds }) {
  if (!device) return t("Saved. The model loads when work comes.");
  return t("Loaded in {seconds} s with: {what}", {
    seconds: (seconds ?? 0).toFixed(1),
    what: `${deviceName(device)}, ${dtype}`,
  });
}

/** @param {HTMLElement} row @param {SettingItem} item */
function applyItem(row, item) {
  const wasDirty = valueOf(row) !== storedValue(row);
  const isAgreed = valueOf(row) === item.value || !wasDirty;
  row.dataset.value = JSON.stringify(item.value);
  row.dataset.origin = item.origin;
  if (isAgreed) setValue(row, item.value);
  write(row, "note", noteOf(item));
  const reset = row.querySelector('[data-action="reset"]');
  if (reset instanceof HTMLElement) reset.hidden = item.origin !== "page";
}

/** @param {SettingItem} item */
function noteOf({ origin, waits_for_restart }) {
  if (waits_for_restart) return t("Changed; takes effect after a restart.");
  return origin === "page" ? t("Changed on this page.") : "";
}

/** @param {HTMLElement} row */
const nameOf = (row) => row.dataset.setting ?? "";

/** @param {HTMLElement} row @returns {SettingItem["value"]} */
const storedValue = (row) => JSON.parse(row.dataset.value ?? "null");

/** What is sent: nothing of its own where it is the default. @param {HTMLElement} row */
function valueToSave(row) {
  const value = valueOf(row);
  return value === JSON.parse(row.dataset.default ?? "null") ? null : value;
}

/** @param {HTMLElement} row */
function controlOf(row) {
  const control = row.querySelector("input, select, textarea");
  if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) return control;
  if (control instanceof HTMLTextAreaElement) return control;
  throw new Error(`The setting ${nameOf(row)} has no control`);
}

/** @param {HTMLElement} row @returns {SettingItem["value"]} */
function valueOf(row) {
  const control = controlOf(row);
  if (control instanceof HTMLInputElement && control.type === "checkbox") return control.checked;
  const isNumber = typeof JSON.parse(row.dataset.default ?? "null") === "number";
  return isNumber && control.value !== "" ? Number(control.value) : control.value;
}

/** @param {HTMLElement} row @param {SettingItem["value"]} value */
function setValue(row, value) {
  const control = controlOf(row);
  if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = value === true;
  else control.value = String(value);
}

/** @param {HTMLElement} row @param {string} text */
function showError(row, text) {
  const line = field(row, "error");
  line.textContent = text;
  line.hidden = !text;
  controlOf(row).ariaInvalid = text ? "true" : null;
}

/** @returns {Record<string, SettingItem["value"]>} */
const readDraft = () => readJson(sessionStorage, DRAFT) ?? {};
