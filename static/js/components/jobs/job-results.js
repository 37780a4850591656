/** @import { FullTranscription, Transcription } from "../../api/types.js" */
import { api, url } from "../../lib/address.js";
import { getTranscription, problemOf } from "../../api/client.js";
import { buttonOf, copyOf, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { exportQuery } from "../../lib/reader.js";
import { textLine } from "../../lib/wording.js";
import { TextComparison } from "./text-comparison.js";
import { copyButton } from "../common/copy-button.js";
import { showError } from "../common/problem-box.js";
import { offerTracks } from "./track-choice.js";

const MAX_SEGMENTS = 40; // a longer text is read on its own page

/** The results inside the rows of a list: the text, to be opened, copied and exported, and beside what was spoken on demand. */
export class JobResults {
  /** @type {Set<string>} jobs that this page has sent */
  #own = new Set();

  /** @param {HTMLElement} root of the list @param {(job: Transcription) => void} onStarted another reading of a recording */
  constructor(root, onStarted) {
    this.onStarted = onStarted;
    onAction(root, (action, button) => {
      const row = button.closest("[data-job]");
      if (action === "result" && row instanceof HTMLElement) void this.#toggle(row, button);
    });
  }

  /** Somebody waits for this one. @param {Transcription} job */
  expect(job) {
    this.#own.add(job.id);
  }

  /** A row shows a newer state: the one result that somebody waits for opens by itself. @param {HTMLElement} row @param {Transcription} job */
  follow(row, job) {
    const button = buttonOf(row, "result");
    const isAwaited = this.#own.has(job.id) && this.#own.size === 1;
    if (job.state === "succeeded" && isAwaited && button.ariaExpanded !== "true") void this.#toggle(row, button);
    if (job.state === "succeeded") this.#own.delete(job.id);
  }

  // Internal

  /** @param {HTMLElement} row @param {HTMLElement} button */
  async #toggle(row, button) {
    const isOpen = button.ariaExpanded !== "true";
    button.ariaExpanded = String(isOpen);
    const slot = slotOf(row, "result");
    slot.hidden = !isOpen;
    if (!isOpen) return;
    try {
      const job = await getTranscription(row.dataset.job ?? "");
      fill(slot, job);
      offerTracks(slot, job, this.onStarted);
    } catch (error) {
      showError(row, problemOf(error));
    }
  }
}

/** @param {HTMLElement} slot @param {FullTranscription} job */
function fill(slot, job) {
  const result = copyOf("result-template");
  find(result, '[data-field="open"]', HTMLAnchorElement).href = url(`/transcriptions/${job.id}`);
  write(result, "result-text", job.text || textLine(job));
  fillComparison(find(result, "details", HTMLDetailsElement), job);
  for (const button of result.querySelectorAll("[data-copy]")) {
    if (!(button instanceof HTMLElement)) continue;
    copyButton(button, () => lines(job, button.dataset.copy === "raw" ? "text_raw" : "text"));
  }
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (result.querySelectorAll("[data-export]")))
    link.href = api(`/transcriptions/${job.id}/export?${exportQuery(link.dataset.export ?? "")}`);
  slot.replaceChildren(result);
}

/** @param {HTMLDetailsElement} details @param {FullTranscription} job */
function fillComparison(details, { segments }) {
  details.hidden = !segments.length;
  new TextComparison(find(details, "[data-compare]", HTMLElement)).show(segments.slice(0, MAX_SEGMENTS));
  const more = segments.length - MAX_SEGMENTS;
  write(details, "more", more > 0 ? t("{count} more pieces stand on the page of this text.", { count: more }) : "");
}

/** @param {FullTranscription} job @param {"text" | "text_raw"} name */
function lines(job, name) {
  return job.segments
    .map((segment) => segment[name])
    .filter(Boolean)
    .join("\n");
}
