import { confirmed } from "../components/common/confirm.js";
import { resultsToolbar } from "../components/history/results-toolbar.js";
import { LiveSearch } from "../components/history/live-search.js";
import { connectionBack, connectionLost, notify } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { api } from "../lib/address.js";
import { find, field } from "../lib/dom.js";
import { listen } from "../api/events.js";
import { emptyTrash, removeAll, restoreAll } from "../api/history.js";
import { t } from "../lib/messages.js";

startPage();
const results = find(document, "[data-results]", HTMLElement);
const form = find(document, "[data-search-form]", HTMLFormElement);
const search = new LiveSearch(form, results, () => selection.sync());
const selection = resultsToolbar(results, {
  empty,
  "restore-selected": (ids) => restore(ids),
  "remove-selected": (ids) => remove(ids, t("Recordings: {count}. This cannot be undone.", { count: ids.length })),
  restore: (_, button) => restore([rowOf(button).dataset.job ?? ""]),
  remove: (_, button) => removeRow(rowOf(button)),
});
listen(
  api("/transcriptions/events"),
  { opened: connectionBack, lost: connectionLost },
  {
    transcription({ id }) {
      if (results.querySelector(`[data-job="${CSS.escape(id)}"]`)) void search.refresh(); // somebody brought it back
    },
  },
);

/** @param {HTMLElement} button */
function rowOf(button) {
  const row = button.closest("[data-job]");
  if (!(row instanceof HTMLElement)) throw new Error("The button stands in no row");
  return row;
}

/** @param {string[]} ids */
async function restore(ids) {
  const { count } = await restoreAll(ids);
  selection.clear();
  await search.refresh();
  notify(t("Restored: {count}", { count }));
}

/** @param {HTMLElement} row */
async function removeRow(row) {
  const name = field(row, "name").textContent ?? "";
  await remove([row.dataset.job ?? ""], t("{name}: recording and text are removed. This cannot be undone.", { name }));
}

/** @param {string[]} ids @param {string} about */
async function remove(ids, about) {
  if (!(await confirmed("confirm-remove", { about }))) return;
  await removeAll(ids);
  selection.clear();
  await search.refresh();
}

async function empty() {
  if (!(await confirmed("confirm-empty"))) return;
  const { count } = await emptyTrash();
  selection.clear();
  await search.refresh();
  notify(t("Removed for good: {count}", { count }));
}
