/** @import { Row } from "../../editing/edited-text.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentList } from "./segment-list.js" */

const PERSON_MS = 1000; // a scroll so soon after a wheel, a finger or a key is a person's

/** Marks what is being said, and keeps it in sight until the person scrolls away from it. */
export class PlaybackFollower {
  #list;
  #player;
  #button;
  /** @type {HTMLElement | undefined} */
  #element;
  /** @type {Element | null} */
  #word = null;
  #isFollowing = true;
  #touchedAt = -PERSON_MS;

  /** @param {SegmentList} list @param {Player} player @param {HTMLElement} button shown while the text does not follow */
  constructor(list, player, button) {
    this.#list = list;
    this.#player = player;
    this.#button = button;
    player.follow((seconds) => this.#follow(seconds));
    button.addEventListener("click", () => this.goTo(player.position));
    for (const sign of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      window.addEventListener(sign, () => (this.#touchedAt = performance.now()), { passive: true });
    }
    window.addEventListener("scroll", () => this.#onScroll(), { passive: true });
  }

  /** Bring what is said at `seconds` into sight, and follow from there. @param {number} seconds */
  goTo(seconds) {
    this.#setFollowing(true);
    this.#follow(seconds);
    this.#reveal();
  }

  /** Mark anew: the words may be other elements now. */
  refresh() {
    this.#follow(this.#player.position);
  }

  // Internal

  /** @param {number} seconds */
  #follow(seconds) {
    const row = this.#list.rowAt(seconds);
    const element = row && this.#list.elementOf(row.key);
    if (element !== this.#element) this.#mark(element);
    this.#markWord(row && element ? wordAt(element, row, seconds) : null);
  }

  /** @param {HTMLElement | undefined} element */
  #mark(element) {
    this.#element?.classList.remove("is-current");
    this.#element?.removeAttribute("aria-current");
    this.#element = element;
    element?.classList.add("is-current");
    element?.setAttribute("aria-current", "true");
    if (element && this.#isFollowing && this.#player.isPlaying) this.#reveal();
  }

  /** @param {Element | null} word */
  #markWord(word) {
    if (word === this.#word) return;
    this.#word?.classList.remove("is-playing");
    word?.classList.add("is-playing");
    this.#word = word;
  }

  #reveal() {
    this.#element?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #onScroll() {
    if (performance.now() - this.#touchedAt > PERSON_MS || !this.#element) return;
    this.#setFollowing(isInSight(this.#element));
  }

  /** @param {boolean} isFollowing */
  #setFollowing(isFollowing) {
    this.#isFollowing = isFollowing;
    this.#button.hidden = isFollowing;
  }
}

/** @param {HTMLElement} element @param {Row} row @param {number} seconds */
function wordAt(element, { words }, seconds) {
  const after = (words ?? []).findIndex(({ start }) => start > seconds);
  const number = (after < 0 ? (words?.length ?? 0) : after) - 1;
  return number < 0 ? null : element.querySelector(`.word[data-word="${number}"]`);
}

/** @param {HTMLElement} element */
function isInSight(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
}
