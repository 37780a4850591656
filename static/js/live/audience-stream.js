/** @import { Final } from "./messages.js" */
/**
 * @typedef {{transcription: string, name: string, channel_names: string[], is_open: boolean}} About
 * @typedef {{segment: number, start: number, channel: number | null, text: string, stable: number}} Said  with an empty text: nobody speaks there any more
 * @typedef {"connecting" | "open" | "lost" | "ended" | "gone"} AudienceState
 * @typedef {{onState: (state: AudienceState) => void, onAbout: (about: About) => void, onFinal: (final: Final) => void, onSaid: (said: Said) => void}} AudienceWatch
 */
import { api } from "../lib/address.js";
import { Backoff } from "../lib/backoff.js";

const MAX_PAUSE_MS = 5000;

/** Reads along with one session, across lost connections, until it ends or may no longer be read. */
export class AudienceStream {
  #id;
  #watch;
  #first = "0"; // of the segments that may be missing
  #backoff = new Backoff(MAX_PAUSE_MS);
  #closed = new AbortController();

  /** @param {string} id @param {AudienceWatch} watch */
  constructor(id, watch) {
    this.#id = id;
    this.#watch = watch;
  }

  /** Follow until there is nothing more to come. */
  async follow() {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await this.#connect();
      if (signal.aborted) return;
      if (await isGone()) return this.#end("gone");
      this.#watch.onState("lost");
      await this.#backoff.pause(signal).catch(() => undefined);
    }
  }

  // Internal

  /** One connection, from its opening to its end. @returns {Promise<void>} */
  #connect() {
    return new Promise((resolve) => {
      const source = new EventSource(api(`/live/${this.#id}/events?since=${this.#first}`));
      const hear = (/** @type {string} */ name, /** @type {(data: any) => void} */ handle) =>
        source.addEventListener(name, ({ data, lastEventId }) => {
          this.#first = lastEventId || this.#first;
          handle(JSON.parse(data));
        });
      const end = () => {
        source.close();
        resolve();
      };
      hear("session", (about) => {
        this.#backoff.restart();
        this.#watch.onState("open");
        this.#watch.onAbout(about);
      });
      hear("final", this.#watch.onFinal);
      hear("partial", this.#watch.onSaid);
      hear("ended", () => {
        this.#end("ended");
        end();
      });
      source.addEventListener("error", end);
      window.addEventListener("pagehide", end, { once: true });
    });
  }

  /** @param {"ended" | "gone"} state */
  #end(state) {
    this.#closed.abort();
    this.#watch.onState(state);
  }
}

/** Whether the page itself may no longer be read: its link was revoked, or the text was deleted. */
async function isGone() {
  const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
  return answer !== null && (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status));
}
