/** @import { Segment } from "../lib/types.js" */
/** @import { Player } from "./player.js" */
import { copyOf, find } from "../lib/dom.js";
import { clock } from "../lib/format.js";
import { t } from "../lib/messages.js";

const PATIENCE_MS = 4000; // after the person scrolled, the page does not scroll by itself for so long

/** The text by segments: follows the player, and moves it where a segment is pressed. */
export class SegmentList {
  #list;
  #player;
  /** @type {HTMLElement | null} */
  #current = null;
  #scrolledAt = -PATIENCE_MS;

  /** @param {HTMLElement} list @param {Player} player */
  constructor(list, player) {
    this.#list = list;
    this.#player = player;
    list.addEventListener("click", (event) => this.#onPress(event));
    for (const sign of ["wheel", "touchmove"]) {
      window.addEventListener(sign, () => (this.#scrolledAt = performance.now()), { passive: true });
    }
    player.follow((seconds) => this.#follow(seconds));
  }

  /** Show `segments`; rows that did not change stay as they are. @param {Segment[]} segments */
  show(segments) {
    segments.forEach((segment, place) => {
      const old = this.#list.children[place];
      if (!(old instanceof HTMLElement)) this.#list.append(rowOf(segment));
      else if (!shows(old, segment)) old.replaceWith(rowOf(segment));
    });
    while (this.#list.children.length > segments.length) this.#list.lastElementChild?.remove();
  }

  /** The text as it is shown now, a line per segment. */
  get text() {
    const shown = this.#list.dataset.view === "raw" ? ".segment__raw" : ".segment__text";
    return [...this.#list.querySelectorAll(shown)].map(({ textContent }) => textContent).join("\n");
  }

  // Internal

  /** @param {MouseEvent} event */
  #onPress(event) {
    const row = event.target instanceof Element ? event.target.closest(".segment") : null;
    const isSelecting = String(getSelection()).length > 0;
    if (row instanceof HTMLElement && !isSelecting) this.#player.playFrom(Number(row.dataset.start));
  }

  /** @param {number} seconds */
  #follow(seconds) {
    const row = this.#rowAt(seconds);
    if (row === this.#current) return;
    this.#current?.classList.remove("is-current");
    this.#current?.removeAttribute("aria-current");
    this.#current = row;
    row?.classList.add("is-current");
    row?.setAttribute("aria-current", "true");
    if (row && this.#player.isPlaying && performance.now() - this.#scrolledAt > PATIENCE_MS) {
      row.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  }

  /** Return the row that is spoken at `seconds`. @param {number} seconds @returns {HTMLElement | null} */
  #rowAt(seconds) {
    const rows = /** @type {HTMLCollectionOf<HTMLElement>} */ (this.#list.children);
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(rows[middle].dataset.end) > seconds) high = middle;
      else low = middle + 1;
    }
    const row = rows[low];
    return row && Number(row.dataset.start) <= seconds ? row : null;
  }
}

/** @param {HTMLElement} row @param {Segment} segment */
function shows(row, segment) {
  const text = row.querySelector(".segment__text")?.textContent ?? "";
  return row.dataset.segment === String(segment.index) && row.dataset.state === segment.state && text === segment.text;
}

/** @param {Segment} segment */
function rowOf(segment) {
  const row = copyOf("segment-template");
  row.dataset.segment = String(segment.index);
  row.dataset.start = String(segment.start);
  row.dataset.end = String(segment.end);
  row.dataset.state = segment.state;
  find(row, ".segment__time", HTMLElement).textContent = clock(segment.start);
  find(row, ".segment__note", HTMLElement).replaceWith(...contentOf(segment));
  return row;
}

/** @param {Segment} segment */
function contentOf(segment) {
  if (segment.state === "pending") return [paragraph("segment__note", t("Not read yet"))];
  if (segment.state === "failed") return [paragraph("segment__note", t("This piece could not be recognised."))];
  if (!segment.text) return [paragraph("segment__note", t("No clear words here; nothing was written."))];
  return [paragraph("segment__text", segment.text), paragraph("segment__raw", segment.text_raw)];
}

/** @param {string} name @param {string} text */
function paragraph(name, text) {
  const element = document.createElement("p");
  element.className = name;
  element.textContent = text;
  return element;
}
