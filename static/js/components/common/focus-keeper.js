const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/**
 * Where what has the focus is removed, hidden or disabled, browsers give the focus to nothing, and a person at the
 * keyboard begins anew at the top of the page. Give it to what stands next instead.
 */
export function keepFocus() {
  /** What has the focus, and everything around it, from the inside. @type {Element[]} */
  let path = [];
  document.addEventListener("focusin", ({ target }) => (path = target instanceof Element ? pathOf(target) : []));
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (!relatedTarget && target instanceof Element && isUsable(target)) path = []; // the person has left it
  });
  new MutationObserver(() => {
    if (path.length && document.activeElement === document.body && !isUsable(path[0])) moveOn(path);
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["hidden", "disabled", "open"] });
}

/** @param {Element} element */
function pathOf(element) {
  const path = [];
  for (let each = /** @type {Element | null} */ (element); each && each !== document.body; each = each.parentElement) {
    path.push(each);
  }
  return path;
}

/** @param {Element[]} path */
function moveOn([lost, ...around]) {
  if (lost.closest("dialog:not([open])")) return; // it gives the focus back by itself
  const room = around.find((each) => each.isConnected && each.checkVisibility());
  const able = room ? [...room.querySelectorAll(FOCUSABLE)].filter(isUsable) : [];
  const next = able.find((each) => lost.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING) ?? able[0];
  const target = next ?? document.querySelector("main");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/** @param {Element} element */
function isUsable(element) {
  return element.isConnected && element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled");
}
