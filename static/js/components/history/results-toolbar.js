import { find, onAction } from "../../lib/dom.js";
import { problemOf } from "../../api/client.js";
import { MAX_IDS_PER_REQUEST } from "../../api/history.js";
import { t } from "../../lib/messages.js";
import { notify } from "../common/notices.js";
import { Selection } from "./selection.js";

/**
 * The line above the results: how many there are, what is chosen, and what can be done with it.
 *
 * @param {HTMLElement} results
 * @param {Record<string, (ids: string[], button: HTMLElement) => Promise<void>>} actions by the names of their buttons
 */
export function resultsToolbar(results, actions) {
  const selection = new Selection(results, showChoice);
  onAction(results, async (action, button) => {
    if (action === "unselect") selection.clear();
    const act = actions[action];
    if (!act) return;
    try {
      await act(selection.ids, button);
    } catch (error) {
      notify(`${problemOf(error).message} ${problemOf(error).advice}`);
    }
  });
  document.addEventListener("keydown", ({ key, target }) => {
    const button = results.querySelector('[data-when="selected"] .button--danger');
    if (key === "Delete" && isInList(target) && selection.ids.length && button instanceof HTMLElement) button.click();
  });
  selection.sync(); // a reload keeps ticks that nobody remembers
  return selection;

  function showChoice() {
    const count = selection.ids.length;
    const status = find(results, "[data-status]", HTMLElement);
    status.dataset.found ??= status.textContent ?? "";
    status.textContent = count ? choiceLine(count) : status.dataset.found;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (results.querySelectorAll("[data-when]"))) {
      const isForChoice = part.dataset.when === "selected";
      part.hidden = isForChoice !== count > 0;
      for (const button of part.querySelectorAll("button"))
        button.disabled = isForChoice && count > MAX_IDS_PER_REQUEST;
    }
  }
}

/** @param {number} count */
function choiceLine(count) {
  if (count > MAX_IDS_PER_REQUEST)
    return t("{count} selected: choose at most {most}", { count, most: MAX_IDS_PER_REQUEST });
  return t("{count} selected", { count });
}

/** @param {EventTarget | null} target */
function isInList(target) {
  return (
    target instanceof Element &&
    target.closest("[data-job]") !== null &&
    !(target instanceof HTMLInputElement && target.type !== "checkbox")
  );
}
