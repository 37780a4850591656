/** @import { SendQueue } from "./send-queue.js" */
/** @import { SessionRecord } from "./chunk-store.js" */
/** @import { LiveMessage, LiveSettings } from "./messages.js" */
import { socketOf } from "../lib/address.js";
import { getSystem } from "../api/client.js";
import { t } from "../lib/messages.js";
import { Backoff } from "../lib/backoff.js";

const PING_MS = 1000;
const POLL_MS = 200; // how often the connection is checked
const SILENCE_MS = 2500; // without a message for so long, the connection counts as lost: shown within three seconds
const ANSWER_TIMEOUT_MS = 1500; // … if something that needs an answer was sent this long ago
const TRIES = 3; // before the first success, until it is worth asking whether the server is there at all
const OPENING_MS = 10_000;
const MAX_PAUSE_MS = 4000; // between two tries: somebody is speaking
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
 * @typedef {"connecting" | "open" | "lost" | "closed"} ConnectionState
 * @typedef {{settings: () => LiveSettings, onState: (state: ConnectionState) => void, onMessage: (message: LiveMessage) => void}} Watch
 */

/**
 * The connection to the server: it sends the chunks of a send queue and keeps itself alive. Where it breaks, or nothing
 * arrives, it is opened again with a backoff, and resumes at the chunk that the server asks for.
 */
export class LiveConnection {
  #sendQueue;
  #record;
  #watch;
  #closed = new AbortController();
  #backoff = new Backoff(MAX_PAUSE_MS);
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ConnectionState} */
  #state = "connecting";
  #next = 0; // chunk to be sent
  #isBehind = false; // the server has said that it lacks chunks
  #isStopSent = false;
  #wasOpen = false;
  #hasUnsentSettings = false; // settings that the server does not know
  #receivedAt = 0;
  #sentAt = 0; // when the oldest unanswered message was sent; 0: all are answered
  #pingedAt = 0;

  /** @param {SessionRecord} record @param {SendQueue} sendQueue @param {Watch} watch */
  constructor(record, sendQueue, watch) {
    this.#record = record;
    this.#sendQueue = sendQueue;
    this.#watch = watch;
  }

  get state() {
    return this.#state;
  }

  /** Keep the connection open until it is closed. */
  async open() {
    const { signal } = this.#closed;
    for (let tries = 1; !signal.aborted; tries++) {
      await this.#openSocket();
      if (signal.aborted) break;
      this.#setState("lost");
      if (tries === TRIES && !this.#wasOpen) await this.#explain();
      await this.#backoff.pause(signal).catch(() => undefined);
    }
    this.#setState("closed");
  }

  close() {
    this.#closed.abort();
    this.#socket?.close();
  }

  /** Send what there is to send: chunks, then, after the last one, that it was the last. */
  pump() {
    this.#checkHealth();
    if (this.#state !== "open" || !this.#socket) return;
    while (this.#next < this.#sendQueue.end && this.#socket.bufferedAmount < FULL_BYTES) {
      this.#socket.send(frame(this.#next, this.#sendQueue.chunk(this.#next)));
      this.#next++;
      this.#expectAnswer();
    }
    if (this.#record.isStopped && this.#next === this.#sendQueue.end && !this.#isStopSent) this.#stop();
  }

  /** Tell the server of other settings; they wait until the connection is open. */
  sendSettings() {
    this.#hasUnsentSettings = this.#state !== "open";
    if (!this.#hasUnsentSettings) this.#send({ type: "settings", ...this.#watch.settings() });
  }

  // Internal

  /** One socket, from its opening to its end. @returns {Promise<void>} */
  #openSocket() {
    return new Promise((resolve) => {
      const address = socketOf("/live");
      const socket = (this.#socket = new WebSocket(address));
      const timer = setInterval(() => this.pump(), POLL_MS);
      const end = () => {
        clearInterval(timer);
        this.#closed.signal.removeEventListener("abort", end);
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        this.#socket = null;
        resolve();
      };
      this.#closed.signal.addEventListener("abort", end);
      this.#receivedAt = this.#pingedAt = performance.now();
      this.#sentAt = 0;
      socket.onopen = () => this.#start();
      socket.onmessage = ({ data }) => this.#onMessage(JSON.parse(data));
      socket.onclose = end;
    });
  }

  #start() {
    const { session, token, channelNames = [] } = this.#record;
    const channels = { channels: this.#sendQueue.channels, channel_names: channelNames };
    this.#send({ type: "audio-start", session, token, ...channels, ...this.#watch.settings() });
  }

  #stop() {
    this.#isStopSent = true;
    this.#send({ type: "audio-stop", chunks: this.#sendQueue.end });
  }

  /** @param {LiveMessage} message */
  #onMessage(message) {
    this.#receivedAt = performance.now();
    this.#sentAt = 0;
    if (message.type === "audio-started") this.#onStarted(message.next_chunk);
    if (message.type === "acknowledged") this.#onAcknowledged(message.next_chunk);
    if (message.type === "problem" && message.code === "live_gap") this.#isBehind = true;
    this.#watch.onMessage(message);
    if (message.type === "ended" || isFinal(message)) this.close();
    else if (message.type !== "pong") this.pump();
  }

  /** Where pages come through and sockets do not, something between them is in the way. */
  async #explain() {
    const isThere = await getSystem().then(
      () => true,
      () => false,
    );
    if (isThere) this.#watch.onMessage({ type: "problem", fatal: false, ...socketsBlocked() });
  }

  /** @param {number} next */
  #onStarted(next) {
    this.#wasOpen = true;
    this.#backoff.restart();
    this.#sendQueue.acknowledge(next);
    this.#sendFrom(next);
    if (this.#closed.signal.aborted) return;
    this.#setState("open");
    if (this.#hasUnsentSettings) this.sendSettings();
  }

  /** @param {number} next */
  #onAcknowledged(next) {
    this.#sendQueue.acknowledge(next);
    if (this.#isBehind) this.#sendFrom(next);
    this.#next = Math.max(this.#next, next); // the connection before may have delivered more than this one has sent
  }

  /** @param {number} next */
  #sendFrom(next) {
    this.#isBehind = false;
    this.#isStopSent = false; // one that came too early was not followed
    this.#next = next;
    if (next >= this.#sendQueue.first) return;
    this.#watch.onMessage({ type: "problem", fatal: true, ...soundMissing() });
    this.close();
  }

  /** Ping the server; without an answer the connection counts as broken. */
  #checkHealth() {
    if (!this.#socket) return;
    const now = performance.now();
    if (this.#state !== "open") {
      if (now - this.#receivedAt > OPENING_MS) this.#drop();
      return;
    }
    if (now - this.#pingedAt >= PING_MS) {
      this.#pingedAt = now;
      this.#send({ type: "ping", sent_at: Math.round(now) });
    }
    const isDead = now - this.#receivedAt > SILENCE_MS && this.#sentAt > 0 && now - this.#sentAt > ANSWER_TIMEOUT_MS;
    if (isDead) this.#drop();
  }

  /** A dead network does not let a socket close in good time: leave it behind. */
  #drop() {
    this.#socket?.onclose?.(new CloseEvent("close"));
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(message));
    this.#expectAnswer();
  }

  #expectAnswer() {
    this.#sentAt ||= performance.now();
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#watch.onState(state);
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
