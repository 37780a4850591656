/** @import { EditedText, Row } from "../../editing/edited-text.js" */
/** @import { WordStore } from "../../editing/word-store.js" */
/** @import { PlaybackFollower } from "./playback-follower.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentList } from "./segment-list.js" */
import { find, onAction, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { readJson } from "../../lib/storage.js";

const KEY = "funasr.unsure-words";

/** Marks the words that the model was unsure of, and leads from one to the next. */
export class UnsureWords {
  #panel;
  #list;
  #text;
  #words;
  #player;
  #follower;
  /** @type {{key: string, word: number}} */
  #here = { key: "", word: -1 };

  /**
   * @param {HTMLElement} panel @param {SegmentList} list @param {EditedText} text
   * @param {WordStore} words @param {Player} player @param {PlaybackFollower} follower
   */
  constructor(panel, list, text, words, player, follower) {
    this.#panel = panel;
    this.#list = list;
    this.#text = text;
    this.#words = words;
    this.#player = player;
    this.#follower = follower;
    this.#restore();
    this.#onInput();
    panel.addEventListener("input", () => this.#onInput());
    onAction(panel, (action) => {
      if (action === "unsure-next") void this.go(1);
      if (action === "unsure-previous") void this.go(-1);
    });
  }

  get #switch() {
    return find(this.#panel, '[name="unsure"]', HTMLInputElement);
  }

  get #range() {
    return find(this.#panel, '[name="threshold"]', HTMLInputElement);
  }

  get #threshold() {
    return Number(this.#range.value) / 100;
  }

  /** Lead to the next unsure word, or the one before. @param {1 | -1} step */
  async go(step) {
    const { rows } = this.#text;
    let place = rows.findIndex(({ key }) => key === this.#here.key);
    let after = this.#here.word;
    if (place < 0) [place, after] = [this.#list.placeAt(this.#player.position), step > 0 ? -1 : Infinity];
    for (; rows[place]; place += step, after = step > 0 ? -1 : Infinity) {
      const row = await this.#withWords(rows[place].key);
      const word = row ? this.#unsureIn(row, after, step) : -1;
      if (row && word >= 0) return this.#show(row, word);
    }
    write(this.#panel, "unsure-none", step > 0 ? t("No unsure word after this") : t("No unsure word before this"));
  }

  // Internal

  #onInput() {
    const { checked } = this.#switch;
    this.#range.disabled = !checked;
    write(this.#panel, "threshold", `${this.#range.value}%`);
    write(this.#panel, "unsure-none", "");
    this.#list.threshold = checked ? this.#threshold : 0;
    localStorage.setItem(KEY, JSON.stringify({ isOn: checked, threshold: this.#range.value }));
  }

  #restore() {
    const { isOn = true, threshold } = readJson(localStorage, KEY) ?? {};
    this.#switch.checked = Boolean(isOn);
    if (threshold) this.#range.value = String(threshold);
  }

  /** @param {string} key */
  async #withWords(key) {
    const row = this.#text.row(key);
    if (row && !row.words && row.state === "done") await this.#words.load(row);
    return this.#text.row(key);
  }

  /** @param {Row} row @param {number} after @param {1 | -1} step */
  #unsureIn({ words, isEdited }, after, step) {
    if (isEdited) return -1; // a person has read it
    const numbers = (words ?? []).flatMap(({ confidence }, number) => (confidence < this.#threshold ? [number] : []));
    return (
      (step > 0 ? numbers.find((number) => number > after) : numbers.filter((number) => number < after).at(-1)) ?? -1
    );
  }

  /** @param {Row} row @param {number} word */
  #show(row, word) {
    this.#here = { key: row.key, word };
    write(this.#panel, "unsure-none", "");
    this.#player.seek(row.words?.[word]?.start ?? row.start);
    this.#follower.goTo(this.#player.position);
  }
}
