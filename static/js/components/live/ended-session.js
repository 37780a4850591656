/** @import { Final } from "../../live/messages.js" */
import { api, url } from "../../lib/address.js";
import { problemOf, retranscribe } from "../../api/client.js";
import { buttonOf, find, onAction, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { exportQuery } from "../../lib/reader.js";
import { copyButton } from "../common/copy-button.js";
import { showError } from "../common/problem-box.js";
import { IntervalPlayer } from "../vad/interval-player.js";

/** What can be done with a session that has ended. */
export class EndedSession {
  #root;
  #audio;
  #player;
  #id = "";

  /**
   * @param {HTMLElement} root
   * @param {() => string} textOf
   * @param {(segment: Final | null) => void} mark called with the segment that plays
   */
  constructor(root, textOf, mark) {
    this.#root = root;
    this.#audio = find(root, "audio", HTMLAudioElement);
    this.#player = new IntervalPlayer(this.#audio);
    this.#player.follow(() => !this.#player.isPlaying && mark(null));
    copyButton(buttonOf(root, "copy"), textOf);
    onAction(root, (action) => action === "retranscribe" && void this.#retranscribe());
  }

  /** @param {string | null} id of the transcription; null hides everything @param {number} [seconds] */
  show(id, seconds = 0) {
    this.#player.stop();
    this.#root.hidden = !id;
    showError(this.#root, null);
    if (!id || id === this.#id) return;
    this.#id = id;
    const address = api(`/transcriptions/${id}`);
    this.#audio.src = `${address}/audio?heard=true`;
    write(this.#root, "summary", clock(seconds));
    find(this.#root, '[data-field="transcript"]', HTMLAnchorElement).href = url(`/transcriptions/${id}`);
    for (const link of this.#root.querySelectorAll("[data-export]")) {
      if (link instanceof HTMLAnchorElement) link.href = `${address}/export?${exportQuery(link.dataset.export ?? "")}`;
    }
    this.#root.focus({ preventScroll: true });
  }

  /** @param {Final} final */
  play({ start, end }) {
    if (!this.#root.hidden) this.#player.playInterval(start, end);
  }

  get isPlaying() {
    return this.#player.isPlaying;
  }

  // Internal

  async #retranscribe() {
    const button = buttonOf(this.#root, "retranscribe");
    button.disabled = true;
    try {
      const { id } = await retranscribe(this.#id, { quality: "accurate" });
      location.assign(url(`/transcriptions/${id}`));
    } catch (error) {
      showError(this.#root, problemOf(error));
    } finally {
      button.disabled = false;
    }
  }
}
