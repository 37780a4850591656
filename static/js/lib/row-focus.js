/**
 * Move the focus to the same button of another row: arrows by one, Home and End to the ends.
 *
 * @param {HTMLElement} list
 * @param {KeyboardEvent} event
 */
export function moveFocus(list, event) {
  const button = event.target;
  if (!(button instanceof HTMLElement) || !button.dataset.action || event.ctrlKey || event.metaKey || event.altKey)
    return;
  const row = [...list.children].find((child) => child.contains(button));
  /** @type {Record<string, Element | null | undefined>} */
  const rows = {
    ArrowDown: row?.nextElementSibling,
    ArrowUp: row?.previousElementSibling,
    Home: list.firstElementChild,
    End: list.lastElementChild,
  };
  const target = rows[event.key];
  if (!target) return;
  event.preventDefault();
  const same =
    target.querySelector(`[data-action="${button.dataset.action}"]:not([hidden])`) ??
    target.querySelector("[data-action]:not([hidden])");
  if (same instanceof HTMLElement) same.focus();
}
