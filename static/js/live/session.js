/** @import { ChunkStore, SessionRecord } from "./chunk-store.js" */
/** @import { ConnectionState } from "./connection.js" */
/** @import { LiveMessage, LiveProblem, LiveSettings, Started } from "./messages.js" */
/** @import { Problem } from "../api/types.js" */
/** @import { SoundSources, SourceName } from "../audio/sound-sources.js" */
import { Capture } from "../audio/capture.js";
import { sharingEnded } from "../audio/computer-sound.js";
import { EchoDetector } from "../audio/echo-detector.js";
import { SilenceDetector } from "../audio/silence-detector.js";
import { microphoneGone } from "../audio/microphone.js";
import { SendQueue, RATE } from "./send-queue.js";
import { isFinal, LiveConnection } from "./connection.js";
import { lockSession } from "./session-lock.js";

const PAUSE_MARGIN_MS = 500; // beyond the silence that ends a segment
const CHUNK_SAMPLES = RATE / 10;
const STALLED_MS = 3000; // a working microphone delivers something ten times a second
const MAX_LOST_SECONDS = 1; // that may be lost where the server ends a session: less than a word is not worth a file
const ABOUT_SETTINGS = new Set(["invalid_parameter", "unknown_language", "live_message_wrong"]); // healed by the person
const TRANSIENT = new Set(["live_gap"]); // problems that heal by themselves

/**
 * `interrupted`: after a reload, with the sources closed. `failed`: the server will not go on; what it does not
 * have is kept here.
 *
 * @typedef {"recording" | "paused" | "interrupted" | "stopping" | "ended" | "failed"} SessionState
 * @typedef {{settings: () => LiveSettings, onChange: () => void, onMessage: (message: LiveMessage) => void, onProblem: (problem: Problem | null) => void}} SessionWatch
 */

/** One live session as this browser knows it: its sources, what is kept, and the connection to the server. */
export class LiveSession {
  #store;
  #record;
  #sendQueue;
  #connection;
  #watch;
  #release;
  /** @type {SilenceDetector[]} */
  #silenceDetectors = [];
  #echoDetector = new EchoDetector();
  /** @type {Capture | null} */
  #capture = null;
  /** @type {SoundSources | null} */
  #sources = null;
  /** @type {SessionState} */
  #state;
  #receivedAt = performance.now();
  #wasEnded = false; // by the server, without being asked
  #shownProblem = ""; // code of the problem that is shown
  #isListening = true; // whether what the microphone delivers belongs to the session

  /**
   * Begin a session. Raises what `Capture.open` does.
   *
   * @param {ChunkStore} store
   * @param {SoundSources} sources
   * @param {string[]} channelNames who speaks on them, where there are several
   * @param {SessionWatch} watch
   */
  static async begin(store, sources, channelNames, watch) {
    const record = {
      id: crypto.randomUUID(),
      startedAt: new Date().toISOString(),
      session: null,
      token: null,
      transcription: null,
      isStopped: false,
      source: sources.kind,
      channelNames,
    };
    const release = await lockSession(record.id);
    const session = new LiveSession(store, record, new SendQueue(store, record), watch, release);
    await session.#listen(sources);
    void store.save(record);
    void session.#connection.open();
    return session;
  }

  /**
   * Resume the newest session that was cut off, if there is one and no other tab has it.
   *
   * @param {ChunkStore} store
   * @param {SessionWatch} watch
   */
  static async restore(store, watch) {
    const records = (await store.sessions()).sort((a, b) => b.startedAt.localeCompare(a.startedAt));
    for (const record of records) {
      const release = await lockSession(record.id);
      if (!release) continue;
      const session = new LiveSession(
        store,
        record,
        new SendQueue(store, record, await store.chunks(record)),
        watch,
        release,
      );
      session.#state = record.isStopped ? "stopping" : "interrupted";
      void session.#connection.open();
      return session;
    }
    return null;
  }

  /** @param {ChunkStore} store @param {SessionRecord} record @param {SendQueue} sendQueue @param {SessionWatch} watch @param {(() => void) | null} release */
  constructor(store, record, sendQueue, watch, release) {
    this.#store = store;
    this.#record = record;
    this.#sendQueue = sendQueue;
    this.#watch = watch;
    this.#release = release;
    this.#state = "recording";
    this.#connection = new LiveConnection(record, sendQueue, {
      settings: watch.settings,
      onState: () => watch.onChange(),
      onMessage: (message) => this.#onMessage(message),
    });
  }

  get state() {
    return this.#state;
  }

  /** @returns {ConnectionState} */
  get connection() {
    return this.#connection.state;
  }

  /** Seconds of sound, pauses not counted. */
  get seconds() {
    return (this.#sendQueue.end * CHUNK_SAMPLES) / RATE;
  }

  /** Seconds that the server has not said to be on its disk. */
  get unsentSeconds() {
    return this.#sendQueue.seconds;
  }

  get transcription() {
    return this.#record.transcription;
  }

  /** Whether it ends, or has ended, because somebody here wanted it. */
  get wasAsked() {
    return this.#record.isStopped && !this.#wasEnded;
  }

  /** What delivers nothing although it should. @returns {SourceName[]} */
  get muteSources() {
    if (this.#state !== "recording" || !this.#sources) return [];
    if (performance.now() - this.#receivedAt > STALLED_MS) return this.#sources.names;
    return this.#sources.names.filter((_, channel) => this.#silenceDetectors[channel]?.isMute);
  }

  /** Whether the microphone hears what the computer plays. */
  get hasEcho() {
    return this.#state === "recording" && this.#echoDetector.isEcho;
  }

  /** What is open. */
  get sources() {
    return this.#sources;
  }

  get kind() {
    return this.#record.source ?? "microphone";
  }

  get channelNames() {
    return this.#record.channelNames ?? [];
  }

  set channelNames(names) {
    this.#record.channelNames = names;
    void this.#store.save(this.#record);
  }

  get channels() {
    return this.#sendQueue.channels;
  }

  /** What only this browser has. */
  get unsentChunks() {
    return this.#sendQueue.chunks;
  }

  // Actions

  async pause() {
    if (this.#state !== "recording") return;
    await this.#capture?.flush();
    if (this.#state !== "recording") return;
    this.#isListening = false;
    this.#setTrack(false);
    this.#addSilence();
    this.#setState("paused");
  }

  /** Go on after a pause, a reload or with other sources. @param {SoundSources} [sources] */
  async resume(sources) {
    if (sources) await this.#listen(sources);
    else await this.#capture?.flush(); // a busy browser hands over late what was heard in the pause
    if (!sources && this.#state !== "paused") return;
    this.#setTrack(true);
    this.#isListening = true;
    this.#receivedAt = performance.now();
    this.#silenceDetectors = [];
    this.#setState("recording");
  }

  /** No more will be said; what is kept is sent to the end. */
  async stop() {
    if (!["recording", "paused", "interrupted"].includes(this.#state)) return;
    this.#setState("stopping"); // what was heard until now still counts
    await this.#closeSources();
    this.#record.isStopped = true;
    void this.#store.save(this.#record);
    this.#connection.pump();
  }

  sendSettings() {
    this.#connection.sendSettings();
  }

  /** Forget the session here; what the server has of it stays there. */
  async discard() {
    this.#connection.close();
    await this.#closeSources();
    await this.#store.remove(this.#record);
    this.#release?.();
  }

  // Internal

  /** @param {SoundSources} sources */
  async #listen(sources) {
    /** @type {Capture} */
    const capture = await Capture.open(sources, (samples) => capture === this.#capture && this.#add(samples)).catch(
      (error) => {
        sources.stop();
        throw error;
      },
    );
    await this.#capture?.close(); // the last of the sources before comes first
    this.#capture = capture;
    this.#sources = sources;
    sources.onEnded((name) => sources === this.#sources && this.#onGone(name));
  }

  /** @param {Int16Array<ArrayBuffer>} samples */
  #add(samples) {
    if (!this.#isListening) return;
    this.#receivedAt = performance.now();
    for (let channel = 0; channel < this.channels; channel++) {
      this.#silenceDetectors[channel] ??= new SilenceDetector();
      this.#silenceDetectors[channel].add(samples, RATE, channel, this.channels);
    }
    if (this.channels > 1) this.#echoDetector.add(samples);
    this.#sendQueue.add(samples);
    this.#connection.pump();
  }

  /** A pause ends the segment, so that its text does not wait for the next word. */
  #addSilence() {
    const samples = ((this.#watch.settings().vad.min_silence_ms + PAUSE_MARGIN_MS) * RATE) / 1000;
    for (let at = 0; at < samples; at += CHUNK_SAMPLES)
      this.#sendQueue.add(new Int16Array(CHUNK_SAMPLES * this.channels));
    this.#connection.pump();
  }

  /** Without the microphone there is a pause; without the computer what it does not hear is silence. @param {SourceName} name */
  #onGone(name) {
    if (this.#state !== "recording") return;
    const goesOn = name === "computer" && this.kind === "both";
    if (!goesOn) void this.pause();
    this.#watch.onProblem(name === "computer" ? sharingEnded(!goesOn) : microphoneGone());
    this.#watch.onChange();
  }

  /** @param {LiveMessage} message */
  #onMessage(message) {
    if (message.type === "audio-started") this.#onStarted(message);
    if (message.type === "problem" && !TRANSIENT.has(message.code)) this.#onProblem(message);
    if (message.type === "settings") this.#clearProblem();
    this.#watch.onMessage(message);
    if (message.type === "ended") void this.#end(message.transcription);
  }

  /** @param {Started} started */
  #onStarted({ session, token, transcription }) {
    Object.assign(this.#record, { session, transcription, token: token ?? this.#record.token });
    void this.#store.save(this.#record);
    if (token || !ABOUT_SETTINGS.has(this.#shownProblem)) this.#clearProblem();
  }

  #clearProblem() {
    if (this.#shownProblem) this.#watch.onProblem(null);
    this.#shownProblem = "";
  }

  /** @param {LiveProblem} problem */
  #onProblem(problem) {
    this.#watch.onProblem(problem);
    this.#shownProblem = problem.code;
    this.#wasEnded ||= problem.code === "live_session_over";
    if (problem.code === "transcription_not_found") this.#record.transcription = null;
    if (isFinal(problem)) void this.#fail();
  }

  /** The server has said that it is over. What it had not been sent by then is not given up. @param {string} transcription */
  async #end(transcription) {
    this.#record.transcription = transcription;
    if (!this.wasAsked && this.#sendQueue.seconds > MAX_LOST_SECONDS) return this.#fail();
    await this.#closeSources();
    await this.#store.remove(this.#record);
    this.#release?.();
    this.#setState("ended");
  }

  async #fail() {
    await this.#closeSources();
    this.#setState("failed");
  }

  async #closeSources() {
    await this.#capture?.close();
    this.#capture = this.#sources = null;
    this.#isListening = false;
  }

  /** @param {boolean} isEnabled */
  #setTrack(isEnabled) {
    this.#sources?.enable(isEnabled);
    if (isEnabled) this.#capture?.wake();
  }

  /** @param {SessionState} state */
  #setState(state) {
    this.#state = state;
    this.#watch.onChange();
  }
}
