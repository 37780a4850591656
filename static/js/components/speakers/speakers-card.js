/** @import { Row } from "../../editing/edited-text.js" */
/** @import { FullTranscription, Speaker, Speakers } from "../../api/types.js" */
import { findSpeakers, getSpeakers, mergeSpeaker, nameSpeaker, problemOf, undoSpeakers } from "../../api/client.js";
import { coalesced } from "../../lib/coalesce.js";
import { buttonOf, copyOf, create, find, slotOf, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { isOpen } from "../../lib/wording.js";
import { showError } from "../common/problem-box.js";
import { correctInDialog } from "./speaker-dialog.js";
import { offerParting, showParting } from "./paragraph-parting.js";
import { colour, labelParagraphs, nameOf } from "./speaker-labels.js";

/** Names, shares and corrections of the speakers of one transcription. */
export class SpeakersCard {
  #reload = coalesced(async () => this.#show(await getSpeakers(this.#id)));
  /** @type {Speakers} */
  #shown = { speakers: [], turns: [] };

  /** @param {HTMLElement} root @param {HTMLElement} page with the paragraphs @param {string} id */
  constructor(root, page, id) {
    this.#root = root;
    this.#id = id;
    buttonOf(root, "find-speakers").addEventListener("click", () => void this.#find());
    offerParting(root, id);
    buttonOf(root, "undo-speakers").addEventListener("click", () => void this.#try(() => undoSpeakers(this.#id)));
    root.addEventListener("corrected", (event) => this.#show(/** @type {CustomEvent<Speakers>} */ (event).detail));
    page.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest(".segment__speakers") : null;
      const row = button?.closest(".segment");
      if (row instanceof HTMLElement) void this.#correct(row);
    });
  }

  #root;
  #id;
  /** @type {Row[]} */
  #rows = [];

  /** @param {FullTranscription} job */
  show(job) {
    this.#root.toggleAttribute("data-open", isOpen(job));
    buttonOf(this.#root, "find-speakers").disabled = isOpen(job);
    this.#reload();
  }

  /** @param {Row[]} rows the paragraphs that are shown */
  showRows(rows) {
    this.#rows = rows;
    showParting(this.#root, rows);
  }

  // Internal

  /** @param {Speakers} speakers */
  #show(speakers) {
    this.#shown = speakers;
    labelParagraphs(speakers);
    showParting(this.#root, this.#rows);
    this.#root.dispatchEvent(new CustomEvent("speakers", { detail: speakers })); // others follow what is shown here
    this.#showLast(speakers.last_change ?? null);
    const list = slotOf(this.#root, "speakers");
    list.hidden = speakers.speakers.length === 0;
    if (list.contains(document.activeElement) && list.children.length === speakers.speakers.length) {
      for (const [place, speaker] of speakers.speakers.entries()) this.#fill(list.children[place], speaker);
    } else list.replaceChildren(...speakers.speakers.map((speaker) => this.#item(speaker)));
  }

  /** @param {number | null} turns that the latest correction gave to somebody else; null where there is none */
  #showLast(turns) {
    slotOf(this.#root, "last-correction").hidden = turns === null;
    write(this.#root, "last-correction", turns ? t("Turns that it changed: {count}", { count: turns }) : "");
  }

  /** @param {Speaker} speaker */
  #item(speaker) {
    const item = copyOf("speaker-template");
    const name = find(item, '[name="speaker-name"]', HTMLInputElement);
    const merge = find(item, '[name="merge"]', HTMLSelectElement);
    name.value = speaker.name;
    name.addEventListener("change", () => void this.#try(() => nameSpeaker(this.#id, speaker.speaker, name.value)));
    merge.addEventListener(
      "change",
      () => void this.#try(() => mergeSpeaker(this.#id, speaker.speaker, Number(merge.value))),
    );
    this.#fill(item, speaker);
    return item;
  }

  /** @param {Element} item @param {Speaker} speaker */
  #fill(item, speaker) {
    const number = t("Speaker {number}", { number: speaker.speaker });
    const name = find(item, '[name="speaker-name"]', HTMLInputElement);
    name.placeholder = number;
    name.ariaLabel = t("Name of speaker {number}", { number: speaker.speaker });
    if (item instanceof HTMLElement) colour(item, speaker.speaker);
    write(item, "speaker-share", shareOf(speaker));
    const others = this.#shown.speakers.filter((each) => each.speaker !== speaker.speaker);
    const merge = find(item, '[name="merge"]', HTMLSelectElement);
    merge.hidden = others.length === 0;
    merge.replaceChildren(
      create("option", { value: "" }, t("Same as …")),
      ...others.map((each) => create("option", { value: String(each.speaker) }, nameOf(each.speaker))),
    );
  }

  async #find() {
    const wanted = find(this.#root, '[name="wanted-speakers"]', HTMLSelectElement).value;
    await this.#try(async () => {
      await findSpeakers(this.#id, wanted);
      location.reload(); // the page follows the transcription once more
      return this.#shown;
    });
  }

  /** @param {HTMLElement} row */
  async #correct(row) {
    const corrected = await correctInDialog(this.#id, row, this.#shown);
    if (corrected) this.#show(corrected);
  }

  /** @param {() => Promise<Speakers>} change */
  async #try(change) {
    showError(this.#root, null);
    try {
      this.#show(await change());
    } catch (error) {
      showError(this.#root, problemOf(error));
    }
  }
}

/** @param {Speaker} speaker */
function shareOf({ share, seconds, turns, interruptions }) {
  const parts = [`${Math.round(share * 100)}%`, clock(seconds), t("Turns: {count}", { count: turns })];
  if (interruptions) parts.push(t("Interruptions: {count}", { count: interruptions }));
  return parts.join(" · ");
}
