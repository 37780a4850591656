/** @import { ChosenFile } from "../uploads/dropped-files.js" */
/** @import { Batch } from "../api/types.js" */
import { BatchComposer } from "../components/batches/batch-composer.js";
import { BatchList } from "../components/batches/batch-list.js";
import { BatchView } from "../components/batches/batch-view.js";
import { connectionBack, connectionLost } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { RecognitionSettings } from "../components/recognition/recognition-settings.js";
import { shortcuts } from "../components/common/shortcuts.js";
import { api, url } from "../lib/address.js";
import { find } from "../lib/dom.js";
import { listen } from "../api/events.js";
import { t } from "../lib/messages.js";

const root = find(document, "[data-batch-page]", HTMLElement);
const list = new BatchList(find(root, "[data-batches-root]", HTMLElement));
const settings = new RecognitionSettings(find(root, "[data-settings]", HTMLElement));
const composer = new BatchComposer(find(root, "[data-composer]", HTMLElement), settings, open);
/** @type {BatchView | null} */
let view = root.dataset.id ? viewOf(root.dataset.id) : null;

startPage();
shortcuts([{ keys: "Mod+Enter", does: t("Start the batch") }]);
window.addEventListener("beforeunload", (event) => {
  if (composer.isFilled) event.preventDefault();
});
listen(api("/batches/events"), { opened, lost: connectionLost }, { batch: onBatch, deleted: onDeleted });

/** Events may have been missed: ask. */
function opened() {
  connectionBack();
  if (view) view.refresh();
  else list.refresh();
}

/** @param {Batch} batch */
function onBatch(batch) {
  if (!view) list.show(batch);
  else if (batch.id === root.dataset.id) view.show(batch);
}

/** @param {{id: string}} batch that was deleted, here or elsewhere */
function onDeleted({ id }) {
  if (!view) list.refresh();
  else if (id === root.dataset.id) view.refresh();
}

/**
 * Go to a batch without leaving the document: its files would be lost with it.
 *
 * @param {Batch} batch
 * @param {ChosenFile[]} files
 */
function open(batch, files) {
  history.replaceState(null, "", url(`/batch/${encodeURIComponent(batch.id)}`));
  root.dataset.id = batch.id;
  view = viewOf(batch.id);
  view.show(batch);
  view.add(files);
  find(root, "[data-view-one] h1", HTMLElement).focus();
  scrollTo(0, 0);
}

/** @param {string} id */
function viewOf(id) {
  find(root, "[data-view-all]", HTMLElement).hidden = true;
  const place = find(root, "[data-view-one]", HTMLElement);
  place.hidden = false;
  return new BatchView(place, id, Number(root.dataset.limitBytes));
}
