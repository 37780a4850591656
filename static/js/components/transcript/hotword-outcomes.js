/** @import { Player } from "./player.js" */
/** @import { HotwordOutcome } from "../../api/types.js" */
import { copyOf, create, field, find, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { hotwordFate } from "../../lib/wording.js";

/** What became of the hotwords; pressing a moment plays it. */
export class HotwordOutcomes {
  #card;
  #list;

  /** @param {HTMLElement} card @param {Player} player */
  constructor(card, player) {
    this.#card = card;
    this.#list = find(card, "ul", HTMLUListElement);
    card.addEventListener("click", ({ target }) => {
      if (target instanceof HTMLElement && target.dataset.start) player.playFrom(Number(target.dataset.start));
    });
  }

  /** @param {HotwordOutcome[]} outcomes */
  show(outcomes) {
    this.#card.hidden = outcomes.length === 0;
    this.#list.replaceChildren(...outcomes.map(rowOf));
  }
}

/** @param {HotwordOutcome} outcome */
function rowOf(outcome) {
  const row = copyOf("hotword-template");
  row.dataset.status = outcome.status;
  write(row, "word", outcome.word);
  write(row, "fate", hotwordFate(outcome));
  field(row, "places").replaceChildren(...outcome.places.map(placeOf));
  return row;
}

/** @param {{start: number}} place */
function placeOf({ start }) {
  const button = create("button", { type: "button", className: "hotword__place" }, clock(start));
  button.dataset.start = String(start);
  return button;
}
