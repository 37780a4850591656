/** @import { Final, Partial } from "../../live/messages.js" */
import { buttonOf, copyOf, field, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";

const NEAR_PX = 48; // so near to the end, the person follows
const PERSON_MS = 1000; // a scroll of the window so soon after a wheel, a finger or a key is a person's
const GAP_PX = 12;

/** What has been said: finished sentences, and the one that is being spoken. It follows the speaker until the person scrolls up. */
export class LiveText {
  #root;
  #scroll;
  #list;
  #partial;
  /** @type {Map<number, {row: HTMLElement, final: Final}>} */
  #finals = new Map();
  #follows = true;
  #touchedAt = -PERSON_MS;

  /**
   * @param {HTMLElement} root
   * @param {(final: Final) => void} play
   */
  constructor(root, play) {
    this.#root = root;
    this.#scroll = find(root, "[data-scroll]", HTMLElement);
    this.#list = find(root, "[data-finals]", HTMLElement);
    this.#partial = find(root, "[data-partial]", HTMLElement);
    this.#scroll.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    for (const sign of ["wheel", "touchmove", "keydown"])
      window.addEventListener(sign, () => (this.#touchedAt = performance.now()), { passive: true });
    window.addEventListener("scroll", () => this.#onWindowScroll(), { passive: true });
    this.#list.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[data-index]") : null;
      const known = row instanceof HTMLElement ? this.#finals.get(Number(row.dataset.index)) : undefined;
      if (known && !getSelection()?.toString()) play(known.final);
    });
  }

  /** Everything that was said, a line for each segment. */
  get text() {
    const inOrder = [...this.#finals].sort(([a], [b]) => a - b);
    return inOrder
      .map(([, { final }]) => final.text)
      .filter(Boolean)
      .join("\n");
  }

  /** Nothing has been said yet. */
  get isBlank() {
    return this.#finals.size === 0 && this.#partial.hidden;
  }

  clear() {
    this.#finals.clear();
    this.#list.replaceChildren();
    this.#endPartial();
    this.toNewest();
  }

  /** @param {Final[]} finals new ones, or known ones once more */
  addFinals(finals) {
    for (const final of finals) this.#put(final);
    this.#keepUp();
  }

  /** @param {Partial} partial */
  showPartial({ segment, start, text, stable }) {
    if (this.#finals.has(segment)) return;
    const letters = [...text];
    this.#partial.dataset.index = String(segment);
    this.#partial.hidden = false;
    write(this.#partial, "time", clock(start));
    write(this.#partial, "stable", letters.slice(0, stable).join(""));
    write(this.#partial, "unstable", letters.slice(stable).join("") || (stable ? "" : "…"));
    this.#keepUp();
  }

  toNewest() {
    this.#follows = true;
    this.#keepUp();
  }

  /** Mark the one that is heard. @param {number | null} segment */
  mark(segment) {
    for (const [index, { row }] of this.#finals) row.classList.toggle("is-current", index === segment);
  }

  /** Whether a press on a line can play it. @param {boolean} canPlay */
  set canPlay(canPlay) {
    this.#root.toggleAttribute("data-playable", canPlay);
    for (const { row } of this.#finals.values()) find(row, "button", HTMLButtonElement).disabled = !canPlay;
  }

  // Internal

  /** @param {Final} final */
  #put(final) {
    if (Number(this.#partial.dataset.index) <= final.segment) this.#endPartial();
    const { row } = this.#finals.get(final.segment) ?? { row: this.#newRow(final.segment) };
    this.#finals.set(final.segment, { row, final });
    row.dataset.state = final.failed ? "failed" : final.text ? "text" : "dropped";
    row.title = `${clock(final.start)} – ${clock(final.end)}`;
    write(row, "time", clock(final.start));
    write(row, "text", final.text || silenceLine(final));
  }

  /** @param {number} index */
  #newRow(index) {
    const row = copyOf("live-final-template");
    row.dataset.index = String(index);
    const next = [...this.#finals].filter(([known]) => known > index).sort(([a], [b]) => a - b)[0];
    this.#list.insertBefore(row, next ? next[1].row : null);
    return row;
  }

  #endPartial() {
    this.#partial.hidden = true;
    for (const name of ["stable", "unstable"]) field(this.#partial, name).textContent = "";
  }

  #onScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.#follows = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#showWay();
  }

  #keepUp() {
    if (this.#follows) {
      this.#scroll.scrollTop = this.#scroll.scrollHeight;
      if (!this.isBlank && this.#below > 0) window.scrollBy({ top: this.#below, behavior: "instant" });
    }
    this.#showWay();
  }

  /** How far the newest line is below the window: a banner, a zoom or a phone leaves less room than the text has. */
  get #below() {
    const newest = this.#partial.hidden ? this.#list.lastElementChild : this.#partial;
    const bottom = newest?.getBoundingClientRect().bottom ?? 0;
    return Math.min(bottom, this.#scroll.getBoundingClientRect().bottom) + GAP_PX - window.innerHeight;
  }

  /** Whoever scrolls the newest line out of the window reads elsewhere; who scrolls back follows again. */
  #onWindowScroll() {
    if (performance.now() - this.#touchedAt > PERSON_MS || this.isBlank) return;
    this.#follows = this.#below <= NEAR_PX;
    this.#showWay();
  }

  #showWay() {
    buttonOf(this.#root, "newest").hidden = this.#follows;
  }
}

/** @param {Final} final */
function silenceLine({ failed }) {
  return failed ? t("This piece could not be recognised.") : t("No clear words here; nothing was written.");
}
