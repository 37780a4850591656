/** @import { LiveSession } from "../../live/session.js" */
/** @import { SoundSources } from "../../audio/sound-sources.js" */
import { watchLevel } from "../../audio/level.js";
import { field, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { t } from "../../lib/messages.js";
import { LatencyMeter } from "../../lib/latency.js";

const LITTLE_SECONDS = 1; // on its way: nothing to worry about

/** What a person sees of a session beside its text: time, level, voice, latency, and what is not on the server yet. */
export class LiveStatus {
  #root;
  #latency = new LatencyMeter();
  /** @type {Set<number>} channels on which somebody speaks */
  #speaking = new Set();
  /** @type {SoundSources | null} */
  #watched = null;
  /** @type {(() => void)[]} */
  #stopMeters = [];
  #problem = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** Something that did not begin. @param {string} text empty clears it */
  set problem(text) {
    this.#problem = text;
  }

  /** @param {number | null | undefined} milliseconds */
  addLatency(milliseconds) {
    if (typeof milliseconds !== "number") return;
    this.#latency.add(milliseconds);
    write(this.#root, "latency", latencyLine(this.#latency));
  }

  /** Somebody speaks, or nobody on any channel. @param {boolean} isSpeech @param {number | null} [channel] */
  showVoice(isSpeech, channel = null) {
    if (channel === null) this.#speaking.clear();
    else if (isSpeech) this.#speaking.add(channel);
    else this.#speaking.delete(channel);
    isSpeech ||= this.#speaking.size > 0;
    field(this.#root, "voice").dataset.voice = isSpeech ? "speech" : "silence";
    write(this.#root, "voice", isSpeech ? t("Speech") : t("Silence"));
  }

  reset() {
    this.#latency = new LatencyMeter();
    write(this.#root, "latency", "");
    this.showVoice(false);
  }

  /** @param {LiveSession | null} session */
  show(session) {
    this.#meter(session?.state === "recording" ? session.sources : null);
    write(this.#root, "time", clock(session?.seconds ?? 0));
    write(this.#root, "delivery", session ? deliveryLine(session) : "");
    write(this.#root, "hint", this.#problem || (session ? hintOf(session) : t("Press Start and speak.")));
    const isCut = session?.connection === "lost" && session.unsentSeconds > 0;
    write(
      this.#root,
      "unsent",
      isCut ? t("{seconds} s are kept here until it is back.", { seconds: Math.round(session.unsentSeconds) }) : "",
    );
  }

  // Internal

  /** One source has the meter in the bar, of several each has its own. @param {SoundSources | null} sources */
  #meter(sources) {
    if (sources === this.#watched) return;
    for (const stop of this.#stopMeters) stop();
    this.#watched = sources;
    const meters = this.#root.querySelectorAll("meter");
    for (const meter of meters) meter.value = 0;
    this.#stopMeters = (sources?.streams ?? []).map((stream, channel, { length }) => {
      const meter = meters[length > 1 ? channel + 1 : 0];
      return watchLevel(stream, (percent) => (meter.value = percent));
    });
  }
}

/** @param {LatencyMeter} latency */
function latencyLine({ last, median }) {
  if (last === null || median === null) return "";
  return t("Latency {last} ms, typically {typical} ms", { last: Math.round(last), typical: Math.round(median) });
}

/** @param {LiveSession} session */
function deliveryLine({ unsentSeconds, state }) {
  if (state === "ended") return t("All of it is on the server");
  if (unsentSeconds < LITTLE_SECONDS) return t("On the server up to now");
  return t("Not on the server yet: {seconds} s", { seconds: unsentSeconds.toFixed(1) });
}

/** @param {LiveSession} session */
function hintOf(session) {
  const { state, connection } = session;
  if (state === "failed" && session.unsentSeconds > 0)
    return t("The session has ended. What the server does not have is kept in this browser.");
  if (state === "failed" || state === "ended") return t("The session has ended.");
  if (connection === "lost") return lostHint(state);
  if (state === "interrupted" && connection !== "open") return t("A session was interrupted. Joining it again …");
  if (state === "interrupted") return t("A session was interrupted. Resume it, or finish it.");
  if (state === "stopping") return t("The last words are being read …");
  if (state === "paused") return t("Paused. Nothing is recorded.");
  if (session.muteSources.includes("microphone"))
    return t(
      "No sound arrives. Is the right microphone chosen, is it switched on, and is its level in the system's sound settings above zero?",
    );
  if (session.muteSources.includes("computer"))
    return t(
      "The computer plays nothing that is shared. If somebody speaks there: is it the right tab, and was its sound switched on in the dialog of the browser?",
    );
  if (session.hasEcho)
    return t(
      "The microphone hears the loudspeakers, so the others are written twice. Use headphones, or turn the sound down.",
    );
  if (connection === "connecting") return t("Connecting. You may speak already: everything is kept.");
  return t("Recording. Everything is stored as it is said.");
}

/** @param {string} state */
function lostHint(state) {
  if (state === "recording") return t("Connection lost. Recording goes on, nothing is lost.");
  return t("Connection lost. Nothing is lost; trying again …");
}
