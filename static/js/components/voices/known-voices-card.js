/** @import { FullTranscription, Speakers, VoiceProposal } from "../../api/types.js" */
import { getSpeakers, problemOf } from "../../api/client.js";
import { decideOnVoice, findVoices, getProposals } from "../../api/speakers/voices.js";
import { coalesced } from "../../lib/coalesce.js";
import { buttonOf, copyOf, field, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { isOpen } from "../../lib/wording.js";
import { showError } from "../common/problem-box.js";
import { colour } from "../speakers/speaker-labels.js";
import { rememberInDialog } from "./remember-dialog.js";

/** Proposes whom the speakers of a transcription may be, and remembers voices. */
export class KnownVoicesCard {
  #reload = coalesced(() => this.#load());
  /** @type {Speakers} */
  #speakers = { speakers: [], turns: [] };

  /** @param {HTMLElement} root @param {string} id of the transcription @param {() => void} named is called when a speaker got a name */
  constructor(root, id, named) {
    this.#root = root;
    this.#id = id;
    this.#named = named;
    onAction(root, (action, button) => void this.#act(action, button));
  }

  #root;
  #id;
  #named;

  /** @param {FullTranscription} job */
  show(job) {
    if (!isOpen(job)) this.#reload();
  }

  // Internal

  async #load() {
    const [speakers, { proposals }] = await Promise.all([getSpeakers(this.#id), getProposals(this.#id)]);
    this.#speakers = speakers;
    this.#root.hidden = speakers.speakers.length === 0;
    this.#show(proposals);
  }

  /** @param {VoiceProposal[]} proposals */
  #show(proposals) {
    const list = slotOf(this.#root, "proposals");
    const hadFocus = list.contains(document.activeElement);
    list.hidden = proposals.length === 0;
    list.replaceChildren(...proposals.map((each) => this.#item(each)));
    const next = list.querySelector("button") ?? buttonOf(this.#root, "find-voices");
    if (hadFocus && next instanceof HTMLButtonElement) next.focus();
  }

  /** @param {VoiceProposal} proposal */
  #item({ speaker, voice, name, likeness }) {
    const item = copyOf("proposal-template");
    Object.assign(item.dataset, { speaker: String(speaker), voice });
    colour(item, speaker);
    const number = t("Speaker {number}", { number: speaker });
    write(item, "who", t("{speaker} sounds like {name}", { speaker: number, name }));
    write(item, "likeness", t("Likeness: {percent}%", { percent: Math.round(likeness * 100) }));
    write(item, "accept", t("Name them {name}", { name }));
    buttonOf(item, "refuse-voice").ariaLabel = t("No, {speaker} is not {name}", { speaker: number, name });
    return item;
  }

  /** @param {string} action @param {HTMLElement} button */
  async #act(action, button) {
    if (action === "remember-voice") await this.#try(button, () => this.#remember());
    if (action === "find-voices") await this.#try(button, () => this.#find());
    if (action === "accept-voice") await this.#try(button, () => this.#decide(button, true));
    if (action === "refuse-voice") await this.#try(button, () => this.#decide(button, false));
  }

  async #remember() {
    this.#speakers = await getSpeakers(this.#id); // names may have been given since
    const name = await rememberInDialog(this.#id, this.#speakers);
    if (name) this.#say(t("The voice of {name} is remembered.", { name }));
  }

  async #find() {
    const { proposals } = await findVoices(this.#id);
    this.#show(proposals);
    this.#say(proposals.length ? "" : t("None of the speakers sounds like somebody you know."));
  }

  /** @param {HTMLElement} button @param {boolean} isAccepted */
  async #decide(button, isAccepted) {
    const item = button.closest("li");
    if (!item) return;
    await decideOnVoice(this.#id, Number(item.dataset.speaker), item.dataset.voice ?? "", isAccepted);
    if (isAccepted) this.#named();
    await this.#load();
  }

  /** @param {string} text */
  #say(text) {
    write(this.#root, "voices-note", text);
    field(this.#root, "voices-note").hidden = !text;
  }

  /** @param {HTMLElement} button @param {() => Promise<void>} step */
  async #try(button, step) {
    showError(this.#root, null);
    this.#say("");
    if (button instanceof HTMLButtonElement) button.disabled = true;
    try {
      await step();
    } catch (error) {
      showError(this.#root, problemOf(error));
    } finally {
      if (button instanceof HTMLButtonElement) button.disabled = false;
    }
  }
}
