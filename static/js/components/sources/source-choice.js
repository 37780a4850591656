/** @import { SourceKind } from "../../audio/sound-sources.js" */
import { hearsComputer } from "../../audio/computer-sound.js";
import { field, find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

/** What is to be recorded; the browser remembers it. */
export class SourceChoice {
  #root;

  /** @param {HTMLElement} root @param {string} key under which it is remembered @param {() => void} [changed] */
  constructor(root, key, changed = () => undefined) {
    this.#root = root;
    this.#choose(localStorage.getItem(key) ?? "microphone");
    root.addEventListener("change", () => {
      localStorage.setItem(key, this.kind);
      this.#showHint();
      changed();
    });
    this.#showHint();
  }

  /** @returns {SourceKind} */
  get kind() {
    const chosen = find(this.#root, '[name="source"]:checked', HTMLInputElement).value;
    return chosen === "computer" || chosen === "both" ? chosen : "microphone";
  }

  /** @param {string} kind */
  #choose(kind) {
    const wanted = this.#root.querySelector(`[name="source"][value="${CSS.escape(kind)}"]`);
    if (wanted instanceof HTMLInputElement) wanted.checked = true;
  }

  #showHint() {
    const hint = field(this.#root, "source-hint");
    hint.textContent = hintOf(this.kind);
    hint.hidden = !hint.textContent;
  }
}

/** @param {SourceKind} kind */
function hintOf(kind) {
  if (kind === "microphone") return "";
  if (!hearsComputer())
    return t("This browser cannot share the sound of the computer: use Chrome or Edge on a computer.");
  if (kind === "computer")
    return t(
      "The browser asks for a tab or the screen: choose the tab of the call or the film, and share its sound too.",
    );
  return t(
    "For calls: you and the others are written apart. Use headphones, or the microphone hears the others as well.",
  );
}
