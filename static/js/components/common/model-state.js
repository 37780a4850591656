/** @import { Model } from "../../api/types.js" */
import { getSystem } from "../../api/client.js";
import { field, find, write } from "../../lib/dom.js";
import { optionValue } from "../../lib/wording.js";
import { label } from "../../lib/labels.js";
import { fillProblem } from "./problem-box.js";

const SOON_MS = 1500; // while it changes
const LATER_MS = 8000;

/**
 * Show how the model is, for as long as the page is looked at; the returned function asks at once.
 *
 * @param {HTMLElement} root
 * @param {(model: Model) => void} [alsoShow] called with each answer
 */
export function modelState(root, alsoShow) {
  let timer = setTimeout(refresh, 0);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) void refresh();
  });
  return () => void refresh();

  async function refresh() {
    try {
      const { model } = await getSystem();
      show(root, model);
      alsoShow?.(model);
    } catch {
      // The lost connection is told at the bottom of the page.
    }
    const delay = root.dataset.state === "loading" ? SOON_MS : LATER_MS;
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(refresh, delay);
  }
}

/** @param {HTMLElement} root @param {Model} model */
function show(root, model) {
  root.dataset.state = model.state;
  field(root, "lamp").dataset.state = model.state;
  write(root, "state", label("engine_state", model.state));
  if (model.device) write(root, "device", model.device);
  write(root, "restarts", String(model.restarts));
  write(root, "differences", differences(model.receipt));
  showSlot(root, "problem", model.problem);
  showSlot(root, "restarted", model.problem ? null : model.last_restart_reason);
}

/**
 * Say where a device or precision that was asked for is not the one that is used, and why.
 *
 * @param {Model["receipt"]} receipt
 */
function differences(receipt) {
  return receipt
    .filter(({ asked, applied, reason }) => reason && asked !== "auto" && asked !== applied)
    .map(
      ({ name, asked, applied, reason }) =>
        `${label("option", name)}: ${optionValue(name, asked)} → ${optionValue(name, applied)}. ${reason}`,
    )
    .join(" ");
}

/** @param {HTMLElement} root @param {string} name @param {Model["problem"]} problem */
function showSlot(root, name, problem) {
  const slot = find(root, `[data-slot="${name}"]`, HTMLElement);
  slot.hidden = !problem;
  fillProblem(slot, problem);
}
