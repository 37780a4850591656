import { problemOf } from "../../api/client.js";
import { copyOf, field, find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

const GRACE_MS = 1500; // a server that restarts quickly is not worth a message
/** @type {ReturnType<typeof setTimeout> | undefined} */
let pending;

/** Say that the connection is lost, unless it comes back at once. */
export function connectionLost() {
  pending ??= setTimeout(() => setConnectionNotice(true), GRACE_MS);
}

export function connectionBack() {
  clearTimeout(pending);
  pending = undefined;
  setConnectionNotice(false);
}

/**
 * Say something that has no place of its own in the page; it stays until it is closed.
 *
 * @param {string} text
 */
export function notify(text) {
  const notice = copyOf("notice-template");
  field(notice, "text").textContent = text;
  field(notice, "close").addEventListener("click", () => notice.remove());
  find(document, "[data-notices]", HTMLElement).append(notice);
  return notice;
}

/**
 * Say what was done, and offer to take it back; a later offer takes the place of an earlier one.
 *
 * @param {string} text
 * @param {() => Promise<void>} undo
 */
export function offerUndo(text, undo) {
  document.querySelector("[data-undo]")?.remove();
  const notice = notify(text);
  const button = find(notice, '[data-field="act"]', HTMLButtonElement);
  notice.dataset.undo = "";
  button.textContent = t("Undo");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await undo();
      notice.remove();
    } catch (error) {
      field(notice, "text").textContent = problemOf(error).message;
      button.disabled = false;
    }
  });
}

/** @param {boolean} isLost */
function setConnectionNotice(isLost) {
  find(document, "[data-connection]", HTMLElement).hidden = !isLost;
}
