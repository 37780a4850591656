import { watchLevel } from "../../audio/level.js";
import { openMicrophone } from "../../audio/microphone.js";
import { Recording } from "../../audio/recording.js";
import { buttonOf, find, onAction, write } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { deleteTake, holdTake, savePiece } from "../../uploads/recording-store.js";
import { t } from "../../lib/messages.js";

const QUIET = 25; // percent of the meter that speech into a working microphone passes
const QUIET_SECONDS = 4; // so long without it is worth a hint

/** The panel that records: level, pause, finish. */
export class Recorder {
  #root;
  #finished;
  /** @type {{recording: Recording, stream: MediaStream, stopMeter: () => void, take: string, release: () => void} | null} */
  #running = null;
  #loudest = 0;

  /**
   * @param {HTMLElement} root
   * @param {(file: File, seconds: number) => Promise<void>} finished
   */
  constructor(root, finished) {
    this.#root = root;
    this.#finished = finished;
    onAction(root, (action) => this.#act(action));
  }

  get isRecording() {
    return this.#running !== null;
  }

  /** Ask for the microphone and begin. Raises MicrophoneProblem. */
  async start() {
    if (this.#running) return;
    const stream = await openMicrophone();
    const take = crypto.randomUUID?.() ?? String(Math.random());
    const release = await holdTake(take);
    const recording = new Recording(
      stream,
      (data, name, seconds) => void savePiece({ take, data, name, seconds: Math.round(seconds) }),
    );
    this.#running = {
      recording,
      stream,
      take,
      release,
      stopMeter: watchLevel(stream, (percent) => this.#showLevel(recording, percent)),
    };
    stream.getAudioTracks()[0].addEventListener("ended", () => this.#act("stop"));
    this.#loudest = 0;
    this.#root.hidden = false;
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
    const { recording, stream, stopMeter, take, release } = this.#running;
    this.#running = null;
    const file = await recording.finish();
    stopMeter();
    for (const track of stream.getTracks()) track.stop();
    this.#root.hidden = true;
    this.#setState("idle");
    if (isKept) await this.#finished(file, recording.seconds);
    await deleteTake(take);
    release();
  }

  // Internal

  /** @param {Recording} recording @param {number} percent */
  #showLevel(recording, percent) {
    if (this.#root.dataset.state !== "recording") return;
    this.#loudest = Math.max(this.#loudest, percent);
    find(this.#root, "meter", HTMLMeterElement).value = percent;
    write(this.#root, "time", clock(recording.seconds));
    const isSilent = recording.seconds > QUIET_SECONDS && this.#loudest < QUIET;
    write(
      this.#root,
      "hint",
      isSilent
        ? t("Nothing is heard. Is the right microphone chosen, and is it switched on?")
        : t("Speak now. Finish when you are done; you can listen before it is sent."),
    );
  }

  /** @param {"idle" | "recording" | "paused"} state */
  #setState(state) {
    this.#root.dataset.state = state;
    if (state === "paused") write(this.#root, "hint", t("Paused. Nothing is recorded."));
  }
}
