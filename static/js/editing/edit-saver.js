/** @import { EditedText, Edits } from "./edited-text.js" */
/** @import { Change, Edit } from "../api/types.js" */
import { Refusal, problemOf } from "../api/client.js";
import { baseOf, changesBetween, clashes, portion, touch, withChanges } from "./edit-changes.js";
import { EditDrafts } from "./edit-drafts.js";
import { changeEdits, getEdits } from "../api/edits.js";

/**
 * @typedef {object} SaveState
 * @property {"none" | "saved" | "saving" | "waiting" | "refused" | "conflict"} name  `waiting`: the server cannot be reached
 * @property {string} [why]
 */

const DEBOUNCE_MS = 700; // after the last key
const FIRST_RETRY_MS = 2000;
const MAX_RETRY_MS = 30_000;
const NEWER = "edit_conflict";

/** Brings every change to the server, and keeps in the browser what it does not have yet. */
export class EditSaver {
  #id;
  #text;
  #onState;
  #drafts;
  /** What the server has. @type {Edits} */
  #saved = new Map();
  #revision = 0;
  /** What others have changed too. @type {Change[]} */
  #clashes = [];
  #isReady = false;
  #isSaving = false;
  #retryMs = FIRST_RETRY_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {SaveState} */
  #state = { name: "none" };

  /** @param {string} id @param {EditedText} text @param {(state: SaveState) => void} onState */
  constructor(id, text, onState) {
    this.#id = id;
    this.#text = text;
    this.#onState = onState;
    this.#drafts = new EditDrafts(id);
    text.onChange(() => this.#onChange());
    window.addEventListener("online", () => void this.save());
    window.addEventListener("pagehide", () => this.#drafts.release());
    document.addEventListener("visibilitychange", () => void this.#onVisible());
  }

  /** Begin with what the server has and what an earlier page has left; the segments must be there. */
  async start() {
    const { revision, edits } = await getEdits(this.#id);
    this.#setSaved(revision, byFirst(edits));
    this.#text.edits = this.#saved;
    this.#isReady = true;
    for (const draft of this.#drafts.adopt()) await this.#applyDraft(draft.changes, draft.base);
  }

  /** Save what is not saved yet, now. */
  async save() {
    clearTimeout(this.#timer);
    if (!this.#isReady || this.#isSaving || this.#state.name === "conflict") return;
    const all = changesBetween(this.#saved, this.#text.edits);
    if (!all.length) return this.#markSaved();
    const { changes, edits } = portion(this.#saved, this.#text.edits, all);
    this.#isSaving = true;
    this.#say({ name: "saving" });
    try {
      this.#confirm(edits, await changeEdits(this.#id, this.#revision, changes));
    } catch (error) {
      await this.#onRefusal(error);
    } finally {
      this.#isSaving = false;
    }
    if (changes.length < all.length && this.#state.name === "saving") this.#later(0);
  }

  /** In a conflict: take the text of the others where both have changed it. */
  async takeTheirs() {
    await this.#resolveConflict((changes) =>
      changes.filter((change) => !this.#clashes.some((clash) => touch(clash, change))),
    );
  }

  /** In a conflict: write over what the others have changed. */
  async keepMine() {
    await this.#resolveConflict((changes) => changes);
  }

  // Internal

  #onChange() {
    if (!this.#isReady) return;
    const changes = changesBetween(this.#saved, this.#text.edits);
    if (!changes.length) return this.#markSaved();
    this.#drafts.keep(changes, baseOf(this.#saved, changes));
    if (this.#state.name === "conflict") return;
    if (this.#state.name !== "waiting") this.#say({ name: "saving" });
    this.#later(DEBOUNCE_MS);
  }

  /** @param {Edits} sent @param {{revision: number, edits: Edit[]}} answer */
  #confirm(sent, { revision, edits }) {
    this.#setSaved(revision, sent);
    for (const { first, pieces } of edits) {
      const edit = sent.get(first);
      if (edit && pieces.length === edit.pieces.length) edit.pieces.splice(0, pieces.length, ...pieces);
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#text.refresh(); // leads to `#onChange`, which goes on where something was written meanwhile
  }

  /** @param {unknown} error */
  async #onRefusal(error) {
    const { code, message, advice } = problemOf(error);
    if (code === NEWER) return void (await this.#mergeTheirs());
    const isLost = !(error instanceof Refusal) || error.status >= 500;
    this.#say({ name: isLost ? "waiting" : "refused", why: `${message} ${advice}` });
    if (!isLost) return;
    this.#later(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    const changes = changesBetween(this.#saved, this.#text.edits);
    this.#drafts.keep(changes, baseOf(this.#saved, changes));
  }

  /** Somebody else has saved: go on with both where they touch different places, else ask. */
  async #mergeTheirs() {
    const changes = changesBetween(this.#saved, this.#text.edits);
    const base = baseOf(this.#saved, changes);
    const { revision, edits } = await getEdits(this.#id);
    const theirs = byFirst(edits);
    this.#clashes = clashes(changes, base, theirs);
    if (this.#clashes.length) return this.#say({ name: "conflict" });
    this.#setSaved(revision, theirs);
    this.#later(0);
    this.#text.edits = withChanges(theirs, changes);
  }

  /** @param {Change[]} changes @param {Change[]} base */
  async #applyDraft(changes, base) {
    this.#text.edits = withChanges(this.#saved, changes);
    this.#drafts.keep(changes, base);
    this.#clashes = clashes(changes, base, this.#saved);
    if (this.#clashes.length) this.#say({ name: "conflict" });
    else await this.save();
  }

  /** @param {(changes: Change[]) => Change[]} choose */
  async #resolveConflict(choose) {
    try {
      const changes = changesBetween(this.#saved, this.#text.edits);
      const { revision, edits } = await getEdits(this.#id);
      const theirs = byFirst(edits);
      const chosen = choose(changes);
      this.#setSaved(revision, theirs);
      this.#say({ name: "saving" });
      this.#text.edits = withChanges(theirs, chosen);
      await this.save();
    } catch (error) {
      this.#say({ name: "conflict", why: problemOf(error).message });
    }
  }

  /** What others have written while this page was out of sight is shown when it comes back. */
  async #onVisible() {
    if (document.hidden || !this.#isReady || this.#isSaving || !["none", "saved"].includes(this.#state.name)) return;
    try {
      const { revision, edits } = await getEdits(this.#id);
      if (revision === this.#revision || changesBetween(this.#saved, this.#text.edits).length) return;
      this.#setSaved(revision, byFirst(edits));
      this.#text.edits = this.#saved;
    } catch {
      // a lost connection is told when something is to be saved
    }
  }

  #markSaved() {
    clearTimeout(this.#timer);
    this.#drafts.drop();
    if (this.#state.name !== "none") this.#say({ name: "saved" });
  }

  /** @param {number} revision @param {Edits} edits */
  #setSaved(revision, edits) {
    this.#revision = revision;
    this.#saved = edits;
  }

  /** @param {number} milliseconds */
  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), milliseconds);
  }

  /** @param {SaveState} state */
  #say(state) {
    this.#state = state;
    this.#onState(state);
  }
}

/** @param {Edit[]} edits @returns {Edits} */
function byFirst(edits) {
  return new Map(edits.map((edit) => [edit.first, edit]));
}
