import { copyOf, field, find } from "../lib/dom.js";

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
  find(notice, "button", HTMLButtonElement).addEventListener("click", () => notice.remove());
  find(document, "[data-notices]", HTMLElement).append(notice);
}

/** @param {boolean} isLost */
function setConnectionNotice(isLost) {
  find(document, "[data-connection]", HTMLElement).hidden = !isLost;
}
