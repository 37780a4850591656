/** @import { ChunkStore, Take } from "./chunk-store.js" */
/** @import { LineState } from "./connection.js" */
/** @import { LiveMessage, LiveProblem, LiveSettings, Started } from "./messages.js" */
/** @import { Problem } from "../api/types.js" */
import { Capture } from "../audio/capture.js";
import { Hearing } from "../audio/silence-detector.js";
import { microphoneGone } from "../audio/microphone.js";
import { Outbox, RATE } from "./send-queue.js";
import { isFinal, LiveLine } from "./connection.js";
import { holdTake } from "./session-lock.js";

const PAUSE_MARGIN_MS = 500; // beyond the silence that ends a segment
const CHUNK_SAMPLES = RATE / 10;
const STALLED_MS = 3000; // a working microphone delivers something ten times a second
const UNHEARD_SECONDS = 1; // that may be lost where the server ends a session: less than a word is not worth a file
const ABOUT_SETTINGS = new Set(["invalid_parameter", "unknown_language", "live_message_wrong"]); // healed by the person
const NEEDLESS = new Set(["live_gap"]); // problems that heal by themselves

/**
 * `interrupted`: after a reload, with the microphone closed. `failed`: the server will not go on; what it does not
 * have is kept here.
 *
 * @typedef {"recording" | "paused" | "interrupted" | "stopping" | "ended" | "failed"} SessionState
 * @typedef {{settings: () => LiveSettings, changed: () => void, hear: (message: LiveMessage) => void, tell: (problem: Problem | null) => void}} SessionWatch
 */

/** One live session as this browser knows it: the microphone, what is kept, and the line to the server. */
export class LiveSession {
  #store;
  #take;
  #outbox;
  #line;
  #watch;
  #release;
  #hearing = new Hearing();
  /** @type {Capture | null} */
  #capture = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {SessionState} */
  #state;
  #heardAt = performance.now();
  #wasEnded = false; // by the server, without being asked
  #complaint = ""; // code of the problem that is shown
  #isHeard = true; // whether what the microphone delivers belongs to the session

  /**
   * Begin a session. Raises what `Capture.open` does.
   *
   * @param {ChunkStore} store
   * @param {MediaStream} stream
   * @param {SessionWatch} watch
   */
  static async begin(store, stream, watch) {
    const take = {
      id: crypto.randomUUID(),
      startedAt: new Date().toISOString(),
      session: null,
      token: null,
      transcription: null,
      isStopped: false,
    };
    const release = await holdTake(take.id);
    const session = new LiveSession(store, take, new Outbox(store, take), watch, release);
    await session.#listen(stream);
    void store.save(take);
    void session.#line.open();
    return session;
  }

  /**
   * Go on with the newest take that was cut off, if there is one and no other tab has it.
   *
   * @param {ChunkStore} store
   * @param {SessionWatch} watch
   */
  static async restore(store, watch) {
    const takes = (await store.takes()).sort((a, b) => b.startedAt.localeCompare(a.startedAt));
    for (const take of takes) {
      const release = await holdTake(take.id);
      if (!release) continue;
      const session = new LiveSession(store, take, new Outbox(store, take, await store.kept(take)), watch, release);
      session.#state = take.isStopped ? "stopping" : "interrupted";
      void session.#line.open();
      return session;
    }
    return null;
  }

  /** @param {ChunkStore} store @param {Take} take @param {Outbox} outbox @param {SessionWatch} watch @param {(() => void) | null} release */
  constructor(store, take, outbox, watch, release) {
    this.#store = store;
    this.#take = take;
    this.#outbox = outbox;
    this.#watch = watch;
    this.#release = release;
    this.#state = "recording";
    this.#line = new LiveLine(take, outbox, {
      settings: watch.settings,
      state: () => watch.changed(),
      hear: (message) => this.#hear(message),
    });
  }

  get state() {
    return this.#state;
  }

  /** @returns {LineState} */
  get line() {
    return this.#line.state;
  }

  /** Seconds of sound, pauses not counted. */
  get seconds() {
    return (this.#outbox.end * CHUNK_SAMPLES) / RATE;
  }

  /** Seconds that the server has not said to be on its disk. */
  get secondsKept() {
    return this.#outbox.seconds;
  }

  get transcription() {
    return this.#take.transcription;
  }

  /** Whether it ends, or has ended, because somebody here wanted it. */
  get wasAsked() {
    return this.#take.isStopped && !this.#wasEnded;
  }

  get isMute() {
    const isStalled = performance.now() - this.#heardAt > STALLED_MS;
    return this.#state === "recording" && (isStalled || this.#hearing.isMute);
  }

  /** The open microphone. */
  get stream() {
    return this.#stream;
  }

  /** What only this browser has. */
  get keptChunks() {
    return this.#outbox.chunks;
  }

  // Actions

  async pause() {
    if (this.#state !== "recording") return;
    await this.#capture?.flush();
    if (this.#state !== "recording") return;
    this.#isHeard = false;
    this.#setTrack(false);
    this.#addSilence();
    this.#setState("paused");
  }

  /** Go on after a pause, a reload or with another microphone. @param {MediaStream} [stream] */
  async resume(stream) {
    if (stream) await this.#listen(stream);
    this.#setTrack(true);
    this.#isHeard = true;
    this.#heardAt = performance.now();
    this.#hearing = new Hearing();
    this.#setState("recording");
  }

  /** No more will be said; what is kept is sent to the end. */
  async stop() {
    if (!["recording", "paused", "interrupted"].includes(this.#state)) return;
    this.#setState("stopping"); // what the microphone has heard until now still counts
    await this.#letGo();
    this.#take.isStopped = true;
    void this.#store.save(this.#take);
    this.#line.pump();
  }

  sendSettings() {
    this.#line.sendSettings();
  }

  /** Forget the session here; what the server has of it stays there. */
  async discard() {
    this.#line.close();
    await this.#letGo();
    await this.#store.remove(this.#take);
    this.#release?.();
  }

  // Internal

  /** @param {MediaStream} stream */
  async #listen(stream) {
    /** @type {Capture} */
    const capture = await Capture.open(stream, (samples) => capture === this.#capture && this.#add(samples)).catch(
      (error) => {
        for (const track of stream.getTracks()) track.stop();
        throw error;
      },
    );
    await this.#capture?.close(); // the last of the microphone before comes first
    this.#capture = capture;
    this.#stream = stream;
    stream.getAudioTracks()[0].addEventListener("ended", () => this.#onGone(stream));
  }

  /** @param {Int16Array<ArrayBuffer>} samples */
  #add(samples) {
    if (!this.#isHeard) return;
    this.#heardAt = performance.now();
    this.#hearing.add(samples, RATE);
    this.#outbox.add(samples);
    this.#line.pump();
  }

  /** A pause ends the segment, so that its text does not wait for the next word. */
  #addSilence() {
    const samples = ((this.#watch.settings().vad.min_silence_ms + PAUSE_MARGIN_MS) * RATE) / 1000;
    for (let at = 0; at < samples; at += CHUNK_SAMPLES) this.#outbox.add(new Int16Array(CHUNK_SAMPLES));
    this.#line.pump();
  }

  /** @param {MediaStream} stream */
  #onGone(stream) {
    if (stream !== this.#stream || this.#state !== "recording") return;
    this.pause();
    this.#watch.tell(microphoneGone());
  }

  /** @param {LiveMessage} message */
  #hear(message) {
    if (message.type === "audio-started") this.#onStarted(message);
    if (message.type === "problem" && !NEEDLESS.has(message.code)) this.#onProblem(message);
    if (message.type === "settings") this.#forgetComplaint();
    this.#watch.hear(message);
    if (message.type === "ended") void this.#end(message.transcription);
  }

  /** @param {Started} started */
  #onStarted({ session, token, transcription }) {
    Object.assign(this.#take, { session, transcription, token: token ?? this.#take.token });
    void this.#store.save(this.#take);
    if (token || !ABOUT_SETTINGS.has(this.#complaint)) this.#forgetComplaint();
  }

  #forgetComplaint() {
    if (this.#complaint) this.#watch.tell(null);
    this.#complaint = "";
  }

  /** @param {LiveProblem} problem */
  #onProblem(problem) {
    this.#watch.tell(problem);
    this.#complaint = problem.code;
    this.#wasEnded ||= problem.code === "live_session_over";
    if (problem.code === "transcription_not_found") this.#take.transcription = null;
    if (isFinal(problem)) void this.#fail();
  }

  /** The server has said that it is over. What it had not been sent by then is not given up. @param {string} transcription */
  async #end(transcription) {
    this.#take.transcription = transcription;
    if (!this.wasAsked && this.#outbox.seconds > UNHEARD_SECONDS) return this.#fail();
    await this.#letGo();
    await this.#store.remove(this.#take);
    this.#release?.();
    this.#setState("ended");
  }

  async #fail() {
    await this.#letGo();
    this.#setState("failed");
  }

  async #letGo() {
    await this.#capture?.close();
    this.#capture = this.#stream = null;
    this.#isHeard = false;
  }

  /** @param {boolean} isEnabled */
  #setTrack(isEnabled) {
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = isEnabled;
    if (isEnabled) this.#capture?.wake();
  }

  /** @param {SessionState} state */
  #setState(state) {
    this.#state = state;
    this.#watch.changed();
  }
}
