/** @import { SaveState } from "../../editing/edit-saver.js" */
import { buttonOf, find, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

/**
 * Says beside the text whether it is saved, and why not.
 *
 * @param {HTMLElement} root
 * @param {SaveState} state
 */
export function showSaveState(root, { name, why = "" }) {
  root.dataset.saving = name;
  write(root, "save-state", wording(name));
  write(root, "save-why", why);
  find(root, "[data-conflict]", HTMLElement).hidden = name !== "conflict";
  buttonOf(root, "save-now").hidden = name !== "waiting" && name !== "refused";
}

/** @param {SaveState["name"]} name */
function wording(name) {
  return {
    none: "",
    saved: t("All changes are saved"),
    saving: t("Saving …"),
    conflict: t("Not saved: changed elsewhere"),
    waiting: t("Not saved yet, kept in this browser:"),
    refused: t("Not saved:"),
  }[name];
}
