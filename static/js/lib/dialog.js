document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("dialog [data-close]");
  if (button) button.closest("dialog")?.close("");
});

/** @type {WeakMap<HTMLDialogElement, () => void>} */
const unanswered = new WeakMap();

/**
 * Open a dialog; resolves to the value of the button that closed it, "" for Escape and for a button with data-close.
 *
 * Where a dialog has a field, its way out has data-close: Enter in a field presses the first button that submits, and
 * must never mean "cancel".
 *
 * The browser tells of a closing late. After two quick keys the dialog is open again by then, and its new question must
 * not take that for its answer; the old question ends unanswered.
 *
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>}
 */
export function openDialog(dialog) {
  unanswered.get(dialog)?.();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const listening = new AbortController();
    /** @param {string} answer */
    function end(answer) {
      listening.abort();
      unanswered.delete(dialog);
      resolve(answer);
    }
    unanswered.set(dialog, () => end(""));
    dialog.addEventListener("close", () => dialog.open || end(dialog.returnValue), listening);
  });
}
