/** @import { Difference, Replay, ReplayResult } from "../../api/types.js" */
import { create, field, find, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { comparedRow, comparisonTable } from "../jobs/text-comparison.js";

/**
 * Show what a replay has found, and return the verdict in words for those who do not see it.
 *
 * @param {HTMLElement} root
 * @param {Replay} replay
 * @param {ReplayResult} result
 */
export function showResult(root, replay, result) {
  field(root, "verdict-box").dataset.verdict = result.verdict;
  write(root, "of", replay.name);
  const [verdict, meaning] = verdictWording(result);
  write(root, "verdict", verdict);
  write(root, "meaning", meaning);
  find(root, "[data-facts]", HTMLElement).replaceChildren(...factsOf(result).map((fact) => create("li", {}, fact)));
  find(root, "[data-differences]", HTMLElement).replaceChildren(...result.differences.map(differenceRow));
  slotOf(root, "differences").hidden = !result.differences.length;
  slotOf(root, "no-differences").hidden = !!result.differences.length;
  showTexts(root, result);
  return `${verdict}. ${meaning}`;
}

/** The verdict in plain words, and what it means for the person. @param {ReplayResult} result */
function verdictWording({ verdict, reason, error }) {
  if (verdict === "not_comparable") return [t("Cannot be compared"), reason];
  if (verdict === "not_reproduced") {
    if (error.recorded && !error.now)
      return [
        t("Not reproduced"),
        t("The error of then does not come here. What is different below may be the reason."),
      ];
    return [t("Not reproduced"), t("Something else comes out here. What is different below may be the reason.")];
  }
  if (error.recorded || error.now)
    return [t("Reproduced"), t("The same error comes here, too. Change one thing at a time to find what cures it.")];
  return [t("Reproduced"), t("The same text comes out here, too: it does not depend on the machine.")];
}

/** @param {ReplayResult} result */
function factsOf({ error, cer, timing_seconds, segments_compared, segments_same, speech_found_elsewhere }) {
  const facts = [];
  if (error.recorded || error.now) {
    facts.push(
      t("Error then: {then}; here: {now}.", { then: error.recorded ?? t("none"), now: error.now ?? t("none") }),
    );
  }
  if (segments_compared)
    facts.push(t("{same} of {count} segments are the same.", { same: segments_same, count: segments_compared }));
  if (cer !== null)
    facts.push(
      t("Characters that differ: {percent} % (CER between the two runs).", { percent: (100 * cer).toFixed(2) }),
    );
  if (timing_seconds !== null)
    facts.push(t("The times of words differ by {ms} ms at most.", { ms: Math.round(1000 * timing_seconds) }));
  if (speech_found_elsewhere.length)
    facts.push(t("Speech was found at other places: {count}.", { count: speech_found_elsewhere.length }));
  return facts;
}

/** @param {Difference} difference */
function differenceRow({ label, recorded, here }) {
  const head = create("th", { scope: "row" }, label);
  return create("tr", {}, head, create("td", {}, recorded), create("td", {}, here));
}

/** @param {HTMLElement} root @param {ReplayResult} result */
function showTexts(root, { segments, segments_compared, segments_same }) {
  slotOf(root, "texts").hidden = !segments.length;
  const { table, body } = comparisonTable([t("Time"), t("Then"), t("Here")]);
  body.append(
    ...segments.map((segment) =>
      comparedRow({
        ...segment,
        before: textOf(segment.recorded, segment.recorded_error),
        after: textOf(segment.now, segment.error),
      }),
    ),
  );
  find(root, "[data-texts]", HTMLElement).replaceChildren(table);
  const left = segments_compared - segments_same - segments.length;
  write(root, "more", left > 0 ? t("{count} more differ; the command line shows all of them.", { count: left }) : "");
}

/** @param {string} text @param {string | null} error */
function textOf(text, error) {
  return error ? t("Error: {code}", { code: error }) : text;
}
