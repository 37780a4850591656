/** @import { Final, Partial, SpeakerLabel } from "../../live/messages.js" */
import { buttonOf, copyOf, field, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { colour } from "../speakers/speaker-labels.js";

const NEAR_PX = 48; // so near to the end, the person follows
const PERSON_MS = 1000; // a scroll of the window so soon after a wheel, a finger or a key is a person's
const GAP_PX = 12;

/** What has been said: finished sentences, and those that are being spoken. It follows the speaker until the person scrolls up. */
export class LiveText {
  #root;
  #scroll;
  #list;
  /** @type {HTMLElement[]} one for each channel */
  #partials;
  /** @type {Map<number, {row: HTMLElement, final: Final}>} */
  #finals = new Map();
  /** @type {Map<number, number>} by the numbers of the segments */
  #speakers = new Map();
  /** @type {string[]} */
  #names = [];
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
    this.#partials = [find(root, "[data-partial]", HTMLElement)];
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
      .filter(([, { final }]) => final.text)
      .map(([, { final }]) => [this.#nameOf(final.channel, final.segment), final.text].filter(Boolean).join(": "))
      .join("\n");
  }

  /** Nothing has been said yet. */
  get isBlank() {
    return this.#finals.size === 0 && this.#partials.every(({ hidden }) => hidden);
  }

  /** Who speaks on the channels; empty where there is one. @param {string[]} names */
  set names(names) {
    this.#names = names;
    for (const { row, final } of this.#finals.values()) this.#label(row, final.channel, final.segment);
    for (const [index, partial] of this.#partials.entries()) this.#label(partial, names.length ? index + 1 : null);
  }

  /** Whether voices have been told apart. */
  get hasSpeakers() {
    return this.#speakers.size > 0;
  }

  /** Show who speaks, also in lines that had another speaker before. @param {SpeakerLabel[]} labels */
  labelSpeakers(labels) {
    for (const { segment, speaker } of labels) {
      this.#speakers.set(segment, speaker);
      const known = this.#finals.get(segment);
      if (known) this.#label(known.row, known.final.channel, segment);
    }
    this.#keepUp();
  }

  clear() {
    this.#finals.clear();
    this.#speakers.clear();
    this.#list.replaceChildren();
    for (const partial of this.#partials) endPartial(partial);
    this.toNewest();
  }

  /** @param {Final[]} finals new ones, or known ones once more */
  addFinals(finals) {
    for (const final of finals) this.#put(final);
    this.#keepUp();
  }

  /** @param {Partial} partial */
  showPartial({ segment, start, text, stable, channel }) {
    if (this.#finals.has(segment)) return;
    const letters = [...text];
    const partial = this.#partialOf(channel);
    partial.dataset.index = String(segment);
    partial.hidden = false;
    this.#label(partial, channel);
    write(partial, "time", clock(start));
    write(partial, "stable", letters.slice(0, stable).join(""));
    write(partial, "unstable", letters.slice(stable).join("") || (stable ? "" : "…"));
    this.#keepUp();
  }

  /** Nobody speaks on a channel any more. @param {number | null} channel */
  endPartial(channel) {
    endPartial(this.#partialOf(channel));
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
    const partial = this.#partialOf(final.channel);
    if (Number(partial.dataset.index) <= final.segment) endPartial(partial);
    const { row } = this.#finals.get(final.segment) ?? { row: this.#newRow(final.segment) };
    this.#finals.set(final.segment, { row, final });
    row.dataset.state = final.failed ? "failed" : final.text ? "text" : "dropped";
    row.title = `${clock(final.start)} – ${clock(final.end)}`;
    this.#label(row, final.channel, final.segment);
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

  /** The line of what is being said on a channel. @param {number | null | undefined} channel */
  #partialOf(channel) {
    const index = (channel ?? 1) - 1;
    for (let last = this.#partials.length; last <= index; last++) {
      const copy = /** @type {HTMLElement} */ (this.#partials[0].cloneNode(true));
      endPartial(copy);
      this.#partials[last - 1].after(copy);
      this.#partials.push(copy);
    }
    return this.#partials[index];
  }

  /** @param {HTMLElement} row @param {number | null | undefined} channel @param {number} [segment] one that is complete */
  #label(row, channel, segment) {
    const label = field(row, "speaker");
    label.textContent = this.#nameOf(channel, segment);
    label.hidden = !label.textContent;
    const number = channel || this.#speakers.get(segment ?? -1);
    if (number) colour(row, number);
    else row.dataset.speakerColour = "";
  }

  /** @param {number | null | undefined} channel @param {number} [segment] */
  #nameOf(channel, segment) {
    const speaker = this.#speakers.get(segment ?? -1);
    if (!channel) return speaker ? t("Speaker {number}", { number: speaker }) : "";
    return this.#names[channel - 1] || t("Channel {number}", { number: channel });
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
    const newest = this.#partials.filter(({ hidden }) => !hidden).at(-1) ?? this.#list.lastElementChild;
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

/** @param {HTMLElement} partial */
function endPartial(partial) {
  partial.hidden = true;
  for (const name of ["stable", "unstable"]) field(partial, name).textContent = "";
}

/** @param {Final} final */
function silenceLine({ failed }) {
  return failed ? t("This piece could not be recognised.") : t("No clear words here; nothing was written.");
}
