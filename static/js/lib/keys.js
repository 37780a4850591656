const SINGLE_KEYS = "funasr.single-keys";

/**
 * Tells whether a key without Ctrl, Alt or Cmd is meant as a shortcut: not while somebody types or a dialog is open,
 * and not where single keys are switched off (people who dictate to their computer need that).
 *
 * @param {KeyboardEvent} event
 */
export function isShortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return false;
  return singleKeysAreOn() && !isTyping(event) && !isDialogOpen();
}

/** @param {Event} event */
export function isTyping({ target }) {
  if (target instanceof HTMLInputElement)
    return !["button", "checkbox", "file", "radio", "range"].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}

/** An open dialog takes Escape and Enter for itself. */
export function isDialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}

export function singleKeysAreOn() {
  return localStorage.getItem(SINGLE_KEYS) !== "off";
}

/** @param {boolean} areOn */
export function switchSingleKeys(areOn) {
  localStorage.setItem(SINGLE_KEYS, areOn ? "on" : "off");
}
