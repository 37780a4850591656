/** @import { Shortcut } from "../common/shortcuts.js" */
import { isDialogOpen, isShortcut, isTyping } from "../../lib/keys.js";
import { t } from "../../lib/messages.js";

/** What the keys of the page of a transcript do. @returns {Shortcut[]} */
export const transcriptShortcuts = () => [
  { keys: "Space K", does: t("Play or pause") },
  { keys: "← →", does: t("5 seconds back, forward") },
  { keys: "J L", does: t("10 seconds back, forward") },
  { keys: "< >", does: t("Slower, faster") },
  { keys: "R", does: t("Repeat this paragraph") },
  { keys: "S", does: t("Skip silence") },
  { keys: "P N", does: t("Previous, next unsure word") },
  { keys: "E", does: t("Edit this paragraph") },
  { keys: "F", does: t("Find and replace") },
  { keys: "Mod+Z", does: t("Undo") },
  { keys: "Mod+Shift+Z", does: t("Redo") },
  { keys: "Mod+Enter", does: t("While editing: split at the cursor") },
  { keys: "Mod+Shift+Enter", does: t("While editing: join with the next paragraph") },
  { keys: "Mod+↑ Mod+↓", does: t("While editing: previous, next paragraph") },
  { keys: "Enter", does: t("While editing: finish") },
  { keys: "Esc", does: t("While editing: leave the text as it was") },
];

/**
 * Call what belongs to a key; the names are those that browsers give to keys.
 *
 * @param {Record<string, () => void>} acts of single keys
 * @param {{undo: () => void, redo: () => void}} history
 */
export function onKeys(acts, history) {
  document.addEventListener("keydown", (event) => {
    const act =
      historyAct(event, history) ??
      (isShortcut(event) && !isTaken(event)
        ? acts[event.key.length === 1 ? event.key.toLowerCase() : event.key]
        : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** Undo and redo hold in the text that is written too, but not in other fields. @param {KeyboardEvent} event @param {{undo: () => void, redo: () => void}} history */
function historyAct(event, { undo, redo }) {
  const isField = isTyping(event) && !(event.target instanceof Element && event.target.closest("[data-segments]"));
  if (!(event.ctrlKey || event.metaKey) || event.altKey || isField || isDialogOpen()) return undefined;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? redo : undo;
  return key === "y" ? redo : undefined;
}

/** Arrows belong to sliders, choices and menus that have the focus. @param {KeyboardEvent} event */
function isTaken({ key, target }) {
  return (
    key.startsWith("Arrow") &&
    target instanceof Element &&
    target.closest("input, [role=slider], [role=radiogroup]") !== null
  );
}
