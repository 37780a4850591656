/** @import { DoubtfulTurn, Speakers } from "../../api/types.js" */
/** @import { Player } from "../transcript/player.js" */
import { decideTurn, getDoubts, problemOf, undoSpeakers } from "../../api/client.js";
import { coalesced } from "../../lib/coalesce.js";
import { openDialog } from "../../lib/dialog.js";
import { buttonOf, copyOf, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { singleKeysAreOn } from "../../lib/keys.js";
import { t } from "../../lib/messages.js";
import { showError } from "../common/problem-box.js";
import { colour, nameOf } from "./speaker-labels.js";
import { wordsOfTurn } from "./turn-words.js";

const AROUND_SECONDS = 0.15; // heard before and after a turn
const KEYED = 8; // speakers that have a key; 9 is somebody else

/** Plays the turns of which it is doubtful who speaks, one after the other, and lets a key decide. */
export class TurnCheck {
  #id;
  #card;
  #player;
  #bar = find(document, "[data-turn-check]", HTMLElement);
  #dialog = find(document, "#check-turns", HTMLDialogElement);
  #reload = coalesced(async () => this.#take((await getDoubts(this.#id)).turns));
  /** @type {DoubtfulTurn[]} */
  #doubts = [];
  /** @type {DoubtfulTurn | null} */
  #turn = null;
  /** Those that were put off, until the page is loaded again. @type {Set<string>} */
  #skipped = new Set();
  /** What can be taken back here. @type {DoubtfulTurn[]} */
  #decided = [];
  #newcomer = 1;
  #playsUntil = Infinity;
  #isBusy = false;

  /** @param {HTMLElement} card that shows the speakers @param {Player} player @param {string} id */
  constructor(card, player, id) {
    this.#card = card;
    this.#player = player;
    this.#id = id;
    card.addEventListener("speakers", (event) => this.#onSpeakers(/** @type {CustomEvent<Speakers>} */ (event).detail));
    onAction(this.#bar, (action) => action === "check-turns" && void this.#open());
    onAction(this.#dialog, (action) => this.#act(action));
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event));
    player.follow((position) => this.#stopAtEnd(position));
  }

  // Internal

  /** @param {Speakers} speakers */
  #onSpeakers({ speakers }) {
    this.#newcomer = Math.max(0, ...speakers.map((each) => each.speaker)) + 1;
    if (speakers.length > 1) this.#reload();
    else this.#take([]);
  }

  /** @param {DoubtfulTurn[]} doubts */
  #take(doubts) {
    this.#doubts = doubts;
    this.#bar.hidden = doubts.length === 0;
    write(this.#bar, "doubts", t("Turns to check: {count}", { count: doubts.length }));
  }

  async #open() {
    this.#skipped.clear();
    this.#decided = [];
    write(this.#dialog, "turn-outcome", "");
    showError(this.#dialog, null);
    const closed = openDialog(this.#dialog);
    this.#next();
    await closed;
    this.#player.pause();
    this.#turn = null;
  }

  #next() {
    this.#turn = this.#doubts.find((each) => !this.#skipped.has(keyOf(each))) ?? null;
    slotOf(this.#dialog, "turn").hidden = !this.#turn;
    field(this.#dialog, "turns-done").hidden = this.#turn !== null;
    buttonOf(this.#dialog, "skip-turn").disabled = !this.#turn;
    buttonOf(this.#dialog, "undo-turn").disabled = this.#decided.length === 0;
    write(this.#dialog, "turns-left", t("Turns to check: {count}", { count: this.#left() }));
    if (this.#turn) this.#ask(this.#turn);
    else this.#player.pause();
    find(this.#dialog, "h2", HTMLElement).focus(); // keys go to the dialog, and the space bar to no button
  }

  #left() {
    return this.#doubts.filter((each) => !this.#skipped.has(keyOf(each))).length;
  }

  /** @param {DoubtfulTurn} turn */
  #ask(turn) {
    const choices = [turn.speaker, ...turn.others.slice(0, KEYED - 1)].map((speaker, place) =>
      choiceOf(speaker, String(place + 1), place === 0 ? t("as labelled") : ""),
    );
    slotOf(this.#dialog, "turn-choices").replaceChildren(
      ...choices,
      choiceOf(this.#newcomer, "9", "", t("Somebody else")),
    );
    write(this.#dialog, "turn-time", `${clock(turn.start)}–${clock(turn.end)}`);
    for (const name of ["text-before", "turn-text", "text-after"]) write(this.#dialog, name, "");
    void this.#showWords(turn);
    this.#play();
  }

  /** @param {DoubtfulTurn} turn */
  async #showWords(turn) {
    const { before, inside, after } = await wordsOfTurn(this.#id, turn);
    if (turn !== this.#turn) return; // the next one is there
    write(this.#dialog, "text-before", before);
    write(this.#dialog, "turn-text", inside);
    write(this.#dialog, "text-after", after);
  }

  #play() {
    if (!this.#turn) return;
    this.#playsUntil = this.#turn.end + AROUND_SECONDS;
    this.#player.playFrom(Math.max(0, this.#turn.start - AROUND_SECONDS));
  }

  /** @param {number} position */
  #stopAtEnd(position) {
    if (!this.#dialog.open || position < this.#playsUntil) return;
    this.#playsUntil = Infinity;
    this.#player.pause();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !singleKeysAreOn()) return;
    const acts = { s: "skip-turn", u: "undo-turn", p: "play-turn" };
    const key = event.key.toLowerCase();
    const action = acts[/** @type {keyof typeof acts} */ (key)];
    const choice = this.#dialog.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (action) this.#act(action);
    else if (choice instanceof HTMLButtonElement && this.#turn) choice.click();
    else return;
    event.preventDefault();
  }

  /** @param {string} action */
  #act(action) {
    if (action === "play-turn") this.#play();
    if (action === "skip-turn") this.#skip();
    if (action === "undo-turn" && this.#decided.length) void this.#change(() => this.#undo());
    if (action.startsWith("decide-")) void this.#change(() => this.#decide(Number(action.slice("decide-".length))));
  }

  #skip() {
    if (!this.#turn) return;
    this.#skipped.add(keyOf(this.#turn));
    write(this.#dialog, "turn-outcome", "");
    this.#next();
  }

  /** @param {number} speaker */
  async #decide(speaker) {
    if (!this.#turn) return;
    const { start, end, speaker: labelled } = this.#turn;
    const corrected = await decideTurn(this.#id, { start, end, labelled, speaker });
    this.#decided.push(this.#turn);
    const followed = (corrected.last_change ?? 0) - Number(speaker !== labelled);
    write(
      this.#dialog,
      "turn-outcome",
      followed > 0 ? t("Turns with this voice that followed: {count}", { count: followed }) : "",
    );
    return corrected;
  }

  async #undo() {
    const corrected = await undoSpeakers(this.#id);
    const back = this.#decided.pop();
    if (back) this.#skipped.delete(keyOf(back));
    write(this.#dialog, "turn-outcome", t("Undone."));
    return corrected;
  }

  /** Have the server change something, then ask about the next turn. @param {() => Promise<Speakers | undefined>} work */
  async #change(work) {
    if (this.#isBusy) return; // a key that was pressed twice decides once
    this.#isBusy = true;
    showError(this.#dialog, null);
    try {
      const corrected = await work();
      if (corrected) this.#card.dispatchEvent(new CustomEvent("corrected", { detail: corrected }));
    } catch (error) {
      showError(this.#dialog, problemOf(error));
    }
    try {
      this.#take((await getDoubts(this.#id)).turns);
    } catch (error) {
      showError(this.#dialog, problemOf(error));
    }
    this.#isBusy = false;
    if (this.#dialog.open) this.#next();
  }
}

/** @param {DoubtfulTurn} turn */
const keyOf = ({ start, end }) => `${start}-${end}`;

/** @param {number} speaker @param {string} key @param {string} note @param {string} [name] */
function choiceOf(speaker, key, note, name = nameOf(speaker)) {
  const button = copyOf("turn-choice-template");
  button.dataset.action = `decide-${speaker}`;
  button.dataset.key = key;
  colour(button, speaker);
  find(button, "kbd", HTMLElement).textContent = key;
  write(button, "choice-name", name);
  write(button, "choice-note", note);
  return button;
}
