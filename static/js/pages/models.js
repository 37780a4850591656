import { addModel } from "../components/models/add-model.js";
import { ModelCatalog } from "../components/models/model-catalog.js";
import { modelState } from "../components/common/model-state.js";
import { startPage } from "../components/common/page.js";
import { showError } from "../components/common/problem-box.js";
import { problemOf } from "../api/client.js";
import { find, onAction, write } from "../lib/dom.js";
import { addFolder, changeMemory, pullFromHub } from "../api/models.js";

startPage();
const state = find(document, "section[data-model]", HTMLElement);
const refreshModel = modelState(state);
new ModelCatalog(find(document, "[data-model-catalog]", HTMLElement), (title) => {
  write(state, "name", title);
  refreshModel();
});
addModel(find(document, '[data-add="folder"]', HTMLFormElement), (values) =>
  addFolder(String(values.get("path")).trim()),
);
addModel(find(document, '[data-add="hub"]', HTMLFormElement), (values) =>
  pullFromHub(String(values.get("id")).trim(), String(values.get("hub"))),
);
const memory = find(document, "[data-memory]", HTMLElement);
onAction(memory, (action) => void change(action));

/** @param {string} action */
async function change(action) {
  showError(memory, null);
  try {
    if (action === "load" || action === "unload") await changeMemory(action);
    refreshModel();
  } catch (error) {
    showError(memory, problemOf(error));
  }
}
