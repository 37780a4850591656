/** @import { Device, Model } from "../api/types.js" */
import { deviceList } from "../components/settings/device-list.js";
import { modelState } from "../components/common/model-state.js";
import { startPage } from "../components/common/page.js";
import { showError } from "../components/common/problem-box.js";
import { SettingsForm } from "../components/settings/settings-form.js";
import { problemOf } from "../api/client.js";
import { find, onAction, write } from "../lib/dom.js";
import { filesize } from "../lib/format.js";
import { t } from "../lib/messages.js";
import { changeMemory } from "../api/models.js";
import { clearCache, getStorage } from "../api/settings.js";
import { deviceName } from "../lib/wording.js";

const memory = find(document, "[data-memory]", HTMLElement);

/** @type {string | null} */
let shownDevice = null;

startPage();
const form = find(document, "[data-settings-form]", HTMLFormElement);
const refreshModel = modelState(find(document, "section[data-model]", HTMLElement), showMemory);
const refreshDevices = deviceList(find(document, "[data-devices]", HTMLElement), offerDevices);
new SettingsForm(form, () => {
  refreshModel();
  refreshDevices();
});
onAction(memory, (action) => void act(action));
void showStorage();

/** @param {Model} model */
function showMemory(model) {
  if (model.device !== shownDevice) refreshDevices();
  shownDevice = model.device;
  if (!memory.querySelector('[data-field="memory"]')) return;
  write(memory, "memory", model.memory_bytes ? filesize(model.memory_bytes) : t("Model not loaded"));
  write(memory, "dtype", model.dtype ?? "–");
  write(
    memory,
    "parameters",
    model.parameters ? t("{count} million", { count: (model.parameters / 1e6).toFixed(1) }) : "–",
  );
  write(
    memory,
    "load_seconds",
    model.load_seconds === null ? "–" : t("{seconds} s", { seconds: model.load_seconds.toFixed(1) }),
  );
  const device = model.receipt.find(({ name }) => name === "device");
  write(memory, "why", device ? device.reason || t("It is there and computes.") : "–");
}

/** Say in the choice which devices are there, and offer further cards. @param {Device[]} devices */
function offerDevices(devices) {
  const choice = find(form, '[name="device"]', HTMLSelectElement);
  for (const { name, is_usable: isUsable } of devices) {
    const known = [...choice.options].find(({ value }) => value === name);
    const option = known ?? choice.appendChild(new Option(deviceName(name), name));
    option.text = isUsable ? deviceName(name) : t("{device} – not usable", { device: deviceName(name) });
  }
}

/** @param {string} action */
async function act(action) {
  showError(memory, null);
  write(memory, "cleared", "");
  try {
    if (action === "load" || action === "unload") await changeMemory(action);
    if (action === "clear-cache") await clear();
    refreshModel();
  } catch (error) {
    showError(memory, problemOf(error));
  }
}

async function clear() {
  const { device, freed_bytes: freed } = await clearCache();
  if (device === null) write(memory, "cleared", t("No model is loaded: nothing is cached."));
  else if (device === "cpu")
    write(memory, "cleared", t("The model computes on the processor: there is no cache of a card."));
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
