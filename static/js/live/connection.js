/** @import { Outbox } from "./send-queue.js" */
/** @import { Take } from "./chunk-store.js" */
/** @import { LiveMessage, LiveSettings } from "./messages.js" */
import { socketOf } from "../lib/address.js";
import { getSystem } from "../api/client.js";
import { t } from "../lib/messages.js";
import { Waiting } from "../lib/backoff.js";

const PING_MS = 1000;
const LOOK_MS = 200; // how often the line is looked after
const SILENCE_MS = 2500; // nothing heard for so long, the line is dead: said within three seconds
const PATIENCE_MS = 1500; // … if something that needs an answer was sent this long ago
const TRIES = 3; // before the first success, until it is worth asking whether the server is there at all
const OPENING_MS = 10_000;
const LONGEST_PAUSE_MS = 4000; // between two tries: somebody is speaking
// The session cannot go on; after any other problem a new connection may heal it.
const FINAL = new Set([
  "live_session_unknown",
  "live_token_wrong",
  "live_taken_over",
  "live_sound_missing",
  "transcription_not_found",
]);
const FULL_BYTES = 64 * 1024; // of chunks on their way; more would only lie in the browser

/**
 * @typedef {"connecting" | "open" | "lost" | "closed"} LineState
 * @typedef {{settings: () => LiveSettings, state: (state: LineState) => void, hear: (message: LiveMessage) => void}} Watch
 */

/**
 * The line to the server: it sends the chunks of an outbox and keeps itself alive. A line that breaks, or on which
 * nothing is heard, is opened anew after ever longer pauses, and goes on where the server has ended.
 */
export class LiveLine {
  #outbox;
  #take;
  #watch;
  #closed = new AbortController();
  #waiting = new Waiting(LONGEST_PAUSE_MS);
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {LineState} */
  #state = "connecting";
  #next = 0; // chunk to be sent
  #isBehind = false; // the server has said that it lacks chunks
  #isStopSent = false;
  #wasOpen = false;
  #hasNews = false; // settings that the server does not know
  #heardAt = 0;
  #askedAt = 0; // when the oldest unanswered message was sent; 0: all are answered
  #pingedAt = 0;

  /** @param {Take} take @param {Outbox} outbox @param {Watch} watch */
  constructor(take, outbox, watch) {
    this.#take = take;
    this.#outbox = outbox;
    this.#watch = watch;
  }

  get state() {
    return this.#state;
  }

  /** Keep the line open until it is closed. */
  async open() {
    const { signal } = this.#closed;
    for (let tries = 1; !signal.aborted; tries++) {
      await this.#connection();
      if (signal.aborted) break;
      this.#setState("lost");
      if (tries === TRIES && !this.#wasOpen) await this.#explain();
      await this.#waiting.pause(signal).catch(() => undefined);
    }
    this.#setState("closed");
  }

  close() {
    this.#closed.abort();
    this.#socket?.close();
  }

  /** Send what there is to send: chunks, then, after the last one, that it was the last. */
  pump() {
    this.#lookAfter();
    if (this.#state !== "open" || !this.#socket) return;
    while (this.#next < this.#outbox.end && this.#socket.bufferedAmount < FULL_BYTES) {
      this.#socket.send(frame(this.#next, this.#outbox.chunk(this.#next)));
      this.#next++;
      this.#ask();
    }
    if (this.#take.isStopped && this.#next === this.#outbox.end && !this.#isStopSent) this.#stop();
  }

  /** Tell the server of other settings; a line that is not open tells them when it is. */
  sendSettings() {
    this.#hasNews = this.#state !== "open";
    if (!this.#hasNews) this.#send({ type: "settings", ...this.#watch.settings() });
  }

  // Internal

  /** One socket, from its opening to its end. @returns {Promise<void>} */
  #connection() {
    return new Promise((resolve) => {
      const address = socketOf("/live");
      const socket = (this.#socket = new WebSocket(address));
      const timer = setInterval(() => this.pump(), LOOK_MS);
      const end = () => {
        clearInterval(timer);
        this.#closed.signal.removeEventListener("abort", end);
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        this.#socket = null;
        resolve();
      };
      this.#closed.signal.addEventListener("abort", end);
      this.#heardAt = this.#pingedAt = performance.now();
      this.#askedAt = 0;
      socket.onopen = () => this.#start();
      socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
      socket.onclose = end;
    });
  }

  #start() {
    const { session, token } = this.#take;
    this.#send({ type: "audio-start", session, token, ...this.#watch.settings() });
  }

  #stop() {
    this.#isStopSent = true;
    this.#send({ type: "audio-stop", chunks: this.#outbox.end });
  }

  /** @param {LiveMessage} message */
  #hear(message) {
    this.#heardAt = performance.now();
    this.#askedAt = 0;
    if (message.type === "audio-started") this.#onStarted(message.next_chunk);
    if (message.type === "acknowledged") this.#onAcknowledged(message.next_chunk);
    if (message.type === "problem" && message.code === "live_gap") this.#isBehind = true;
    this.#watch.hear(message);
    if (message.type === "ended" || isFinal(message)) this.close();
    else if (message.type !== "pong") this.pump();
  }

  /** Where pages come through and sockets do not, something between them is in the way. */
  async #explain() {
    const isThere = await getSystem().then(
      () => true,
      () => false,
    );
    if (isThere) this.#watch.hear({ type: "problem", fatal: false, ...socketsBlocked() });
  }

  /** @param {number} next */
  #onStarted(next) {
    this.#wasOpen = true;
    this.#waiting.restart();
    this.#outbox.acknowledge(next);
    this.#sendFrom(next);
    if (this.#closed.signal.aborted) return;
    this.#setState("open");
    if (this.#hasNews) this.sendSettings();
  }

  /** @param {number} next */
  #onAcknowledged(next) {
    this.#outbox.acknowledge(next);
    if (this.#isBehind) this.#sendFrom(next);
    this.#next = Math.max(this.#next, next); // the connection before may have delivered more than this one has sent
  }

  /** @param {number} next */
  #sendFrom(next) {
    this.#isBehind = false;
    this.#isStopSent = false; // one that came too early was not followed
    this.#next = next;
    if (next >= this.#outbox.first) return;
    this.#watch.hear({ type: "problem", fatal: true, ...soundMissing() });
    this.close();
  }

  /** Ask now and then whether somebody is there; a line without an answer counts as broken. */
  #lookAfter() {
    if (!this.#socket) return;
    const now = performance.now();
    if (this.#state !== "open") {
      if (now - this.#heardAt > OPENING_MS) this.#drop();
      return;
    }
    if (now - this.#pingedAt >= PING_MS) {
      this.#pingedAt = now;
      this.#send({ type: "ping", sent_at: Math.round(now) });
    }
    const isDeaf = now - this.#heardAt > SILENCE_MS && this.#askedAt > 0 && now - this.#askedAt > PATIENCE_MS;
    if (isDeaf) this.#drop();
  }

  /** A dead network does not let a socket close in good time: leave it behind. */
  #drop() {
    this.#socket?.onclose?.(new CloseEvent("close"));
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(message));
    this.#ask();
  }

  #ask() {
    this.#askedAt ||= performance.now();
  }

  /** @param {LineState} state */
  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#watch.state(state);
  }
}

/** Whether the session is over for this browser. @param {LiveMessage} message */
export function isFinal(message) {
  return message.type === "problem" && message.fatal && FINAL.has(message.code);
}

/** The server asks for what it had acknowledged. */
function soundMissing() {
  return {
    code: "live_sound_missing",
    message: t("The server has lost sound of this session that it had stored before."),
    advice: t(
      "Save what this browser still has as a file, then begin a new session. Has the server's disk been changed?",
    ),
  };
}

function socketsBlocked() {
  return {
    code: "live_blocked",
    message: t("This page reaches the server, but live recognition does not: no WebSocket comes through."),
    advice: t(
      "A proxy in between must pass WebSockets on (the headers Upgrade and Connection) for /api/v1/live. What you say is kept here until then.",
    ),
  };
}

/** @param {number} number @param {Int16Array<ArrayBuffer>} samples */
function frame(number, samples) {
  const bytes = new ArrayBuffer(4 + samples.byteLength);
  new DataView(bytes).setUint32(0, number, true);
  new Uint8Array(bytes, 4).set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)); // every machine with a browser is little-endian
  return bytes;
}
