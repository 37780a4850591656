/** @import { Comparison } from "../api/types.js" */
import { ComparisonTable } from "../components/comparisons/comparison-table.js";
import { connectionBack, connectionLost } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { showError } from "../components/common/problem-box.js";
import { fillComparisonCard } from "../components/comparisons/comparison-card.js";
import { api, url } from "../lib/address.js";
import { cancelTranscription, problemOf } from "../api/client.js";
import { cancelComparison, deleteComparison, getComparison, setReference } from "../api/comparisons.js";
import { openDialog } from "../lib/dialog.js";
import { buttonOf, copyOf, find, onAction, write } from "../lib/dom.js";
import { listen } from "../api/events.js";
import { t } from "../lib/messages.js";
import { chooseModel } from "../api/models.js";
import { coalesced } from "../lib/coalesce.js";

startPage();
const root = find(document, "[data-comparison]", HTMLElement);
const id = root.dataset.comparison ?? "";
const list = find(root, "[data-comparison-cards]", HTMLElement);
const table = new ComparisonTable(find(root, "[data-table]", HTMLTableElement));
const reference = find(root, '[name="reference"]', HTMLTextAreaElement);
const reload = coalesced(async () => {
  try {
    show(await getComparison(id));
  } catch (error) {
    showError(root, problemOf(error));
  }
});
/** @type {Set<string>} */
let members = new Set();
let isFirst = true;
let hadEnded = true;

onAction(root, (action, button) => void act(action, button));
listen(
  api("/transcriptions/events"),
  { opened, lost: connectionLost },
  {
    transcription: (/** @type {{id: string}} */ job) => void (members.has(job.id) && reload()),
    deleted: (/** @type {{id: string}} */ job) => void (members.has(job.id) && reload()),
  },
);

function opened() {
  connectionBack();
  reload();
}

/** @param {Comparison} comparison */
function show(comparison) {
  members = new Set(comparison.readings.map((reading) => reading.transcription));
  while (list.children.length > comparison.readings.length) list.lastElementChild?.remove();
  comparison.readings.forEach((reading, place) => {
    const card = /** @type {HTMLElement} */ (
      list.children[place] ?? list.appendChild(copyOf("comparison-card-template"))
    );
    fillComparisonCard(card, reading, reading.transcription === comparison.best);
  });
  table.show(comparison);
  buttonOf(root, "cancel").hidden = comparison.has_ended;
  write(root, "legend", comparison.segments.length ? legend(comparison) : t("The texts appear here as they are read."));
  if (comparison.has_ended && !hadEnded) write(root, "announcement", t("All readings have ended."));
  hadEnded = comparison.has_ended;
  if (isFirst) {
    reference.value = comparison.reference;
    find(root, "[data-reference]", HTMLDetailsElement).open = !comparison.reference && comparison.has_ended;
    isFirst = false;
  }
}

/** @param {Comparison} comparison */
function legend(comparison) {
  if (comparison.is_laid_out) return t("Marked is what differs from what was said; struck out is what is missing.");
  const marks = t("Marked is what differs from {name}; struck out is what only that one has.", {
    name: comparison.readings[0].title,
  });
  const isLong = comparison.reference && comparison.readings.some(({ errors }) => errors);
  return isLong
    ? `${marks} ${t("What was said is too long to stand beside the segments; its errors are counted all the same.")}`
    : marks;
}

/** @param {string} action @param {HTMLElement} button */
async function act(action, button) {
  const card = button.closest("[data-transcription]");
  showError(root, null);
  try {
    if (action === "cancel") show(await cancelComparison(id));
    if (action === "save-reference") await saveReference();
    if (action === "delete" && (await isSure())) {
      await deleteComparison(id);
      location.assign(url("/compare"));
    }
    if (!(card instanceof HTMLElement)) return;
    if (action === "cancel-one") await cancelTranscription(card.dataset.transcription ?? "");
    if (action === "use") await use(card.dataset.model ?? "");
  } catch (error) {
    showError(root, problemOf(error));
  }
}

/** @param {string} model */
async function use(model) {
  const { title } = await chooseModel(model);
  write(root, "announcement", t("{name} reads from now on.", { name: title }));
  reload();
}

async function saveReference() {
  const comparison = await setReference(id, reference.value);
  show(comparison);
  write(root, "announcement", comparison.reference ? t("The errors are counted.") : "");
}

async function isSure() {
  return (await openDialog(find(document, "#confirm-delete-comparison", HTMLDialogElement))) === "delete";
}
