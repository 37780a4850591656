/** @import { Device } from "../../api/types.js" */
import { buttonOf, copyOf, field, find, onAction, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { problemOf } from "../../api/client.js";
import { getDevices } from "../../api/settings.js";
import { deviceName } from "../../lib/wording.js";
import { showError } from "../common/problem-box.js";

/**
 * What this machine can compute on, and why it cannot on the rest. Looking takes seconds; it is done after the page.
 *
 * The returned function asks again how they are used, without a new look.
 *
 * @param {HTMLElement} root
 * @param {(devices: Device[]) => void} onDevices called after each look
 */
export function deviceList(root, onDevices) {
  onAction(root, (action) => action === "look-again" && void refresh(true));
  void refresh(false);
  return () => void refresh(false);

  /** @param {boolean} again */
  async function refresh(again) {
    const button = buttonOf(root, "look-again");
    button.disabled = true;
    field(root, "looking").hidden = false;
    showError(root, null);
    try {
      const { devices } = await getDevices(again);
      find(root, "[data-list]", HTMLElement).replaceChildren(...devices.map(rowOf));
      onDevices(devices);
    } catch (error) {
      showError(root, problemOf(error));
    }
    field(root, "looking").hidden = true;
    button.disabled = false;
  }
}

/** @param {Device} device */
function rowOf({ name, label, is_usable: isUsable, is_in_use: isInUse, reason }) {
  const row = copyOf("device-template");
  const state = field(row, "state");
  row.dataset.device = name;
  write(row, "name", deviceName(name));
  state.dataset.state = isInUse ? "in_use" : isUsable ? "ready" : "absent";
  state.textContent = isInUse ? t("In use") : isUsable ? t("Usable") : t("Not usable");
  write(row, "about", reason || label);
  return row;
}
