import { confirmed } from "../components/common/confirm.js";
import { offerToUndoDeletion } from "../components/history/deletion-undo.js";
import { resultsToolbar } from "../components/history/results-toolbar.js";
import { jobDetails } from "../components/history/job-details.js";
import { JobList } from "../components/jobs/job-list.js";
import { LiveSearch } from "../components/history/live-search.js";
import { suggestSpeakers } from "../components/history/speaker-names.js";
import { offerUndo } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { shortcuts } from "../components/common/shortcuts.js";
import { find } from "../lib/dom.js";
import { coalesced } from "../lib/coalesce.js";
import { clearHistory, deleteAll, exportAll, undoDeletion } from "../api/history.js";
import { isShortcut } from "../lib/keys.js";
import { t } from "../lib/messages.js";

startPage();
const results = find(document, "[data-results]", HTMLElement);
const form = find(document, "[data-search-form]", HTMLFormElement);
const search = new LiveSearch(form, results, () => selection.sync());
const selection = resultsToolbar(results, { export: exportChosen, "delete-selected": deleteChosen, clear });
/** The count follows, and what is on the next page moves up. */
const refresh = coalesced(async () => void (await search.refresh()));
new JobList(results, undefined, (gone) => {
  if (gone) selection.forget(gone);
  refresh();
});
jobDetails(results);
suggestSpeakers(form);
offerToUndoDeletion(() => void search.refresh());
shortcuts([
  { keys: "/", does: t("Search") },
  { keys: "↑ ↓", does: t("Go from row to row, on a tick box") },
  { keys: "Shift+↑ Shift+↓", does: t("Select row by row") },
  { keys: "Mod+A", does: t("Select all on the page") },
  { keys: "Delete", does: t("Delete what is selected") },
]);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || !isShortcut(event)) return;
  event.preventDefault();
  find(form, "input[type=search]", HTMLInputElement).focus();
});

/** @param {string[]} ids @param {HTMLElement} button */
async function exportChosen(ids, button) {
  const menu = button.closest("details");
  if (menu) menu.open = false;
  await exportAll(ids, button.dataset.format ?? "txt.zip");
}

/** @param {string[]} ids */
async function deleteChosen(ids) {
  afterDeletion(await deleteAll(ids));
  selection.clear();
}

/** @param {string[]} _ids @param {HTMLElement} button */
async function clear(_ids, button) {
  const filters = new URLSearchParams(button.dataset.filters);
  const about = t(
    "Recordings: {count}. Jobs that wait or run are cancelled. All of it can be brought back from the trash.",
    { count: countLine() },
  );
  const title = filters.size ? t("Delete all that was found?") : t("Clear the whole history?");
  if (await confirmed("confirm-clear", { title, about })) afterDeletion(await clearHistory(filters));
}

/** @param {{count: number, undo: string}} deletion */
function afterDeletion({ count, undo }) {
  void search.refresh();
  offerUndo(t("Moved to the trash: {count}", { count }), async () => {
    await undoDeletion(undo);
    await search.refresh();
  });
}

function countLine() {
  return find(results, "[data-status]", HTMLElement).dataset.total ?? "";
}
