import { problemOf } from "../../api/client.js";
import { field } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { getMissing } from "../../api/vad.js";
import { MissingList } from "../vad/missing-list.js";
import { IntervalPlayer } from "../vad/interval-player.js";

const AGAIN_MS = 1500; // while a long recording is being read

/**
 * The panel "Why is this missing?" of a transcript: asks when it is opened, since the recording is read again for it.
 *
 * @param {HTMLDetailsElement} panel
 * @param {HTMLAudioElement} audio
 */
export function missingPanel(panel, audio) {
  const id = panel.dataset.missing ?? "";
  const status = field(panel, "missing-status");
  const player = new IntervalPlayer(audio);
  const list = new MissingList(
    panel,
    ({ rules, offset }) => getMissing(id, { rule: rules, offset }),
    (start, end) => player.playInterval(start, end),
  );
  panel.addEventListener("toggle", () => panel.open && void load());

  async function load() {
    status.hidden = false;
    status.textContent = t("Reading the recording …");
    try {
      const missing = await getMissing(id, {});
      if (missing.state === "reading") return void setTimeout(() => panel.open && void load(), AGAIN_MS);
      status.hidden = true;
      await list.show(missing);
    } catch (error) {
      const { message, advice } = problemOf(error);
      status.textContent = `${message} ${advice}`;
    }
  }
}

const panel = document.querySelector("[data-missing]");
const audio = document.querySelector("audio");
if (panel instanceof HTMLDetailsElement && audio) missingPanel(panel, audio);
