/** @import { Model } from "../lib/types.js" */
import { modelState } from "../components/model-state.js";
import { startPage } from "../components/page.js";
import { complain } from "../components/problem-box.js";
import { SettingsForm } from "../components/settings-form.js";
import { problemOf } from "../lib/api.js";
import { find, onAction, write } from "../lib/dom.js";
import { filesize } from "../lib/format.js";
import { t } from "../lib/messages.js";
import { changeMemory } from "../lib/models-api.js";
import { clearCache, getStorage } from "../lib/settings-api.js";

const memory = find(document, "[data-memory]", HTMLElement);

startPage();
new SettingsForm(find(document, "[data-settings-form]", HTMLFormElement));
const askAgain = modelState(find(document, "section[data-model]", HTMLElement), showMemory);
onAction(memory, (action) => void act(action));
void showStorage();

/** @param {Model} model */
function showMemory(model) {
  if (!memory.querySelector('[data-field="memory"]')) return;
  write(memory, "memory", model.memory_bytes ? filesize(model.memory_bytes) : t("Model not loaded"));
  const device = model.receipt.find(({ name }) => name === "device");
  write(memory, "why", device ? device.reason || t("It is there and computes.") : "–");
}

/** @param {string} action */
async function act(action) {
  complain(memory, null);
  write(memory, "cleared", "");
  try {
    if (action === "load" || action === "unload") await changeMemory(action);
    if (action === "clear-cache") await clear();
    askAgain();
  } catch (error) {
    complain(memory, problemOf(error));
  }
}

async function clear() {
  const { device, freed_bytes: freed } = await clearCache();
  if (device === null) write(memory, "cleared", t("No model is loaded: nothing is cached."));
  else if (device === "cpu") write(memory, "cleared", t("The model computes on the processor: there is no cache of a card."));
  else write(memory, "cleared", t("Freed: {size}", { size: filesize(freed) }));
}

async function showStorage() {
  const section = find(document, "[data-storage]", HTMLElement);
  try {
    for (const [name, bytes] of Object.entries(await getStorage())) write(section, name, filesize(bytes));
  } catch {
    for (const cell of section.querySelectorAll("dd")) cell.textContent = "–";
  }
}
