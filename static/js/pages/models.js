import { addModel } from "../components/models/add-model.js";
import { ModelShelf } from "../components/models/model-catalog.js";
import { modelState } from "../components/common/model-state.js";
import { startPage } from "../components/common/page.js";
import { complain } from "../components/common/problem-box.js";
import { problemOf } from "../api/client.js";
import { find, onAction, write } from "../lib/dom.js";
import { addFolder, changeMemory, pullFromHub } from "../api/models.js";

startPage();
const state = find(document, "section[data-model]", HTMLElement);
const askAgain = modelState(state);
new ModelShelf(find(document, "[data-shelf]", HTMLElement), (title) => {
  write(state, "name", title);
  askAgain();
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
  complain(memory, null);
  try {
    if (action === "load" || action === "unload") await changeMemory(action);
    askAgain();
  } catch (error) {
    complain(memory, problemOf(error));
  }
}
