/** @import { ReplacementTrial } from "../../api/types.js" */
import { problemOf, tryReplacements } from "../../api/client.js";
import { changeSettings } from "../../api/settings.js";
import { buttonOf, create, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { differences } from "../../editing/diff.js";
import { submitDialog } from "../common/form-dialog.js";
import { markedParts } from "../common/marked-parts.js";
import { showError } from "../common/problem-box.js";
import { SavedLists } from "../recognition/saved-lists.js";

const withLists = new WeakSet(); // dialogs whose saved lists are at work

/** Let the person try rules of replacement on this text, and save them for all. @param {string} id */
export async function replacementsInDialog(id) {
  const dialog = find(document, "#replacements", HTMLDialogElement);
  const rules = find(dialog, "textarea", HTMLTextAreaElement);
  const listening = new AbortController();
  if (!withLists.has(dialog)) new SavedLists(find(dialog, "[data-saved-lists]", HTMLElement), false);
  withLists.add(dialog);
  clear(dialog);
  buttonOf(dialog, "try").addEventListener("click", () => void tryOut(dialog, id, rules.value), listening);
  rules.addEventListener("input", () => clear(dialog), listening);
  await submitDialog(dialog, "save", () => changeSettings({ replacements: rules.value.trim() || null }));
  listening.abort();
}

/** @param {HTMLDialogElement} dialog @param {string} id @param {string} rules */
async function tryOut(dialog, id, rules) {
  clear(dialog);
  try {
    show(dialog, await tryReplacements(id, rules));
  } catch (error) {
    showError(dialog, problemOf(error));
  }
}

/** @param {HTMLDialogElement} dialog */
function clear(dialog) {
  showError(dialog, null);
  write(dialog, "outcome", "");
  find(dialog, "[data-places]", HTMLElement).hidden = true;
}

/** @param {HTMLDialogElement} dialog @param {ReplacementTrial} trial */
function show(dialog, { places, total, rules, is_whole: isWhole }) {
  const count = rules.reduce((sum, rule) => sum + rule.count, 0);
  const parts = [
    count
      ? t("Places that would change: {count}; in paragraphs: {total}.", { count, total })
      : t("Nothing would change."),
  ];
  const idle = rules.filter((rule) => !rule.count).map(({ rule }) => rule);
  if (count && idle.length) parts.push(t("Without effect here: {rules}", { rules: idle.join("; ") }));
  const slow = rules.filter((rule) => rule.is_slow).map(({ rule }) => rule);
  if (slow.length) parts.push(t("Too slow: {rules}", { rules: slow.join("; ") }));
  if (!isWhole) parts.push(t("The time was not enough for the whole text."));
  write(dialog, "outcome", parts.join(" "));
  const list = find(dialog, "[data-places]", HTMLElement);
  list.hidden = !places.length;
  list.replaceChildren(...places.map(placeOf));
}

/** @param {ReplacementTrial["places"][number]} place */
function placeOf({ start, before, after }) {
  const parts = differences(before, after);
  return create(
    "li",
    {},
    create("span", { className: "soft small numbers" }, clock(start)),
    create("p", {}, ...markedParts(parts.before, "del")),
    create("p", {}, ...markedParts(parts.after, "ins")),
  );
}
