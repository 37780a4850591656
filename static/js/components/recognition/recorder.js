/** @import { SourceKind } from "../../audio/sound-sources.js" */
import { sharingEnded } from "../../audio/computer-sound.js";
import { watchLevel } from "../../audio/level.js";
import { PcmRecording } from "../../audio/pcm-recording.js";
import { Recording } from "../../audio/recording.js";
import { SoundSources } from "../../audio/sound-sources.js";
import { buttonOf, find, onAction, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { deleteTake, holdTake, savePiece } from "../../uploads/recording-store.js";
import { t } from "../../lib/messages.js";
import { ChannelMeters } from "../channels/channel-meters.js";

const QUIET = 25; // percent of the meter that speech into a working microphone passes
const QUIET_SECONDS = 4; // so long without it is worth a hint

/** @typedef {{recording: Recording | PcmRecording, sources: SoundSources, stopMeters: () => void, take: string, release: () => void}} Running */

/** The panel that records: level, pause, finish. */
export class Recorder {
  #root;
  #kindOf;
  #finished;
  #channels;
  /** @type {Running | null} */
  #running = null;
  #loudest = 0;
  #lost = ""; // what no longer delivers

  /**
   * @param {HTMLElement} root
   * @param {() => SourceKind} kindOf what is to be recorded
   * @param {(file: File, seconds: number, channelNames: string[]) => Promise<void>} finished
   */
  constructor(root, kindOf, finished) {
    this.#root = root;
    this.#kindOf = kindOf;
    this.#finished = finished;
    this.#channels = new ChannelMeters(find(root, "[data-channels]", HTMLElement), () => undefined);
    onAction(root, (action) => this.#act(action));
  }

  get isRecording() {
    return this.#running !== null;
  }

  /** Ask for what is to be recorded and begin. Raises CaptureProblem. */
  async start() {
    if (this.#running) return;
    const kind = this.#kindOf();
    const sources = await SoundSources.open(kind, { needs: kind === "both" ? "AudioWorkletNode" : "MediaRecorder" });
    const take = crypto.randomUUID?.() ?? String(Math.random());
    const release = await holdTake(take);
    const recording = await this.#begin(sources, take).catch((error) => {
      sources.stop();
      release();
      throw error;
    });
    this.#running = { recording, sources, take, release, stopMeters: this.#watch(sources, recording) };
    sources.onEnded((name) => {
      if (name === "computer" && kind === "both") this.#lost = sharingEnded(true).message;
      else this.#act("stop");
    });
    this.#loudest = 0;
    this.#lost = "";
    this.#root.hidden = false;
    this.#channels.isShown = kind === "both";
    find(this.#root, ".recorder__bar > meter", HTMLElement).hidden = kind === "both";
    this.#setState("recording");
    buttonOf(this.#root, "stop").focus();
  }

  pause() {
    if (this.#root.dataset.state === "recording") this.#act("pause");
  }

  discard() {
    this.#act("discard");
  }

  // Actions

  /** @param {string} action */
  #act(action) {
    if (!this.#running) return;
    const { recording } = this.#running;
    if (action === "pause") {
      recording.pause();
      this.#setState("paused");
    }
    if (action === "resume") {
      recording.resume();
      this.#setState("recording");
    }
    if (action === "stop") void this.#finish(true);
    if (action === "discard") void this.#finish(false);
  }

  /** @param {boolean} isKept */
  async #finish(isKept) {
    if (!this.#running) return;
    const { recording, sources, stopMeters, take, release } = this.#running;
    this.#running = null;
    const file = await recording.finish();
    stopMeters();
    sources.stop();
    this.#root.hidden = true;
    this.#setState("idle");
    if (isKept) await this.#finished(file, recording.seconds, sources.kind === "both" ? this.#channels.names : []);
    await deleteTake(take);
    release();
  }

  // Internal

  /** Several sources make several channels. @param {SoundSources} sources @param {string} take @returns {Promise<Recording | PcmRecording>} */
  async #begin(sources, take) {
    const channelNames = sources.kind === "both" ? this.#channels.names : [];
    /** @param {Blob} data @param {string} name @param {number} seconds */
    const keep = (data, name, seconds) =>
      void savePiece({ take, data, name, seconds: Math.round(seconds), channelNames });
    return sources.kind === "both" ? PcmRecording.begin(sources, keep) : new Recording(sources.streams[0], keep);
  }

  /** @param {SoundSources} sources @param {Recording | PcmRecording} recording @returns {() => void} */
  #watch({ streams }, recording) {
    const stops = streams.map((stream, channel) =>
      watchLevel(stream, (percent) => {
        if (this.#root.dataset.state !== "recording") return;
        if (streams.length > 1) this.#channels.showLevel(channel, percent);
        else find(this.#root, "meter", HTMLMeterElement).value = percent;
        if (channel === 0) this.#showLevel(recording, percent);
      }),
    );
    return () => stops.forEach((stop) => stop());
  }

  /** @param {Recording | PcmRecording} recording @param {number} percent */
  #showLevel(recording, percent) {
    this.#loudest = Math.max(this.#loudest, percent);
    write(this.#root, "time", clock(recording.seconds));
    write(this.#root, "hint", this.#lost || this.#hint(recording.seconds));
  }

  /** @param {number} seconds */
  #hint(seconds) {
    const isSilent = seconds > QUIET_SECONDS && this.#loudest < QUIET;
    if (isSilent && this.#running?.sources.kind === "computer")
      return t("Nothing is heard. Is it the right tab, and was its sound switched on in the dialog of the browser?");
    if (isSilent) return t("Nothing is heard. Is the right microphone chosen, and is it switched on?");
    if (this.#running?.sources.kind === "computer")
      return t("What the computer plays is recorded. Finish when you are done; you can listen before it is sent.");
    return t("Speak now. Finish when you are done; you can listen before it is sent.");
  }

  /** @param {"idle" | "recording" | "paused"} state */
  #setState(state) {
    this.#root.dataset.state = state;
    if (state === "paused") write(this.#root, "hint", t("Paused. Nothing is recorded."));
  }
}
