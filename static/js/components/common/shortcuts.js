import { buttonOf, create, find } from "../../lib/dom.js";
import { isShortcut, singleKeysAreOn, switchSingleKeys } from "../../lib/keys.js";
import { t } from "../../lib/messages.js";

/**
 * @typedef {object} Shortcut
 * @property {string} keys as in "Mod+Enter" (Mod is Ctrl, on a Mac Cmd); others for the same are written after a space
 * @property {string} does
 */

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * Name what the keys of this page do, in the dialog that `?` opens; every page calls it once.
 *
 * @param {Shortcut[]} list
 */
export function shortcuts(list) {
  const ofEveryPage = [
    { keys: "?", does: t("Show all shortcuts") },
    { keys: "Esc", does: t("Close the dialog or the menu") },
  ];
  const rows = [...list, ...ofEveryPage].map(rowOf);
  find(document, "[data-shortcut-rows]", HTMLElement).replaceChildren(...rows);
}

/** Open the dialog by `?` and by its button in the header. */
export function shortcutsDialog() {
  const dialog = find(document, "#shortcuts", HTMLDialogElement);
  const singleKeys = find(dialog, '[name="single-keys"]', HTMLInputElement);
  const open = () => {
    singleKeys.checked = singleKeysAreOn();
    dialog.showModal();
  };
  shortcuts([]);
  singleKeys.addEventListener("change", () => switchSingleKeys(singleKeys.checked));
  buttonOf(document, "shortcuts").addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || !isShortcut(event)) return;
    event.preventDefault();
    open();
  });
}

// Internal

/** @param {Shortcut} shortcut */
function rowOf({ keys, does }) {
  const or = t("or");
  const ways = keys.split(" ").flatMap((way, index) => (index ? [` ${or} `, ...keysOf(way)] : keysOf(way)));
  return create("div", {}, create("dt", {}, ...ways), create("dd", {}, does));
}

/** @param {string} way as in "Mod+Enter" */
function keysOf(way) {
  const names = way === "+" ? [way] : way.split("+");
  return names.flatMap((name, index) => (index ? ["+", key(name)] : [key(name)]));
}

/** @param {string} name */
function key(name) {
  if (name === "Mod") return create("kbd", {}, IS_MAC ? "⌘" : "Ctrl");
  return create("kbd", {}, name === "Space" ? t("Space bar") : name);
}
