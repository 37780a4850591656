"""Replays a folder of cases and reports for each whether it became better, worse or stayed the same.

The baseline is an earlier run of the suite. Better and worse are judged by errors, then by the distance to manual
edits; a changed text without edits is `changed`: somebody has to look.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from app.domain.errors.base import AppError
from app.domain.errors.cases import CaseUnreadable
from app.support.replay import Verdict
from app.support.replay.bench import Bench
from app.support.replay.comparison import character_errors
from app.support.replay.replay import Replayed, replay

BASELINE_VERSION = 1


class Trend(StrEnum):
    """A case compared to the baseline."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    """Not in the baseline."""
    BROKEN = "broken"
    """It could not be run."""


FAILING = frozenset({Trend.WORSE, Trend.CHANGED, Trend.BROKEN})


@dataclass(frozen=True, slots=True)
class Score:
    """The compared values of one case."""

    errors: int
    texts: Mapping[str, str]
    """Segment texts by index."""
    corrected_cer: float | None
    """CER against manual edits; None without edits."""
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "errors": self.errors,
            "texts": dict(self.texts),
            "corrected_cer": self.corrected_cer,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case of the suite."""

    name: str
    trend: Trend
    told: str
    """Why, in one line."""
    seconds: float
    score: Score | None


def run_suite(
    folder: Path, bench: Bench, baseline: Mapping[str, Score], report: Callable[[CaseResult], None]
) -> list[CaseResult]:
    """Replay every zip in `folder`; one that fails never stops the others."""
    results = []
    for file in sorted(folder.glob("*.zip")):
        result = _run(file, bench, baseline.get(file.stem))
        report(result)
        results.append(result)
    return results


def read_baseline(file: Path) -> dict[str, Score]:
    """Return the scores of an earlier run; empty if the file does not exist.

    Raises:
        CaseUnreadable: the file is not a baseline.
    """
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        cases = {BASELINE_VERSION: stored["cases"]}[stored["version"]]
        return {name: Score(**score) for name, score in cases.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaseUnreadable(file=str(file), reason=str(error)) from error


def write_baseline(file: Path, results: Sequence[CaseResult]) -> None:
    """Save the results as the next baseline."""
    cases = {each.name: each.score.to_dict() for each in results if each.score is not None}
    stored = {"version": BASELINE_VERSION, "cases": cases}
    file.write_text(json.dumps(stored, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def as_junit(results: Sequence[CaseResult]) -> bytes:
    """Return the results as JUnit XML, for CI servers."""
    failures = sum(each.trend in FAILING - {Trend.BROKEN} for each in results)
    errors = sum(each.trend is Trend.BROKEN for each in results)
    counts = {"tests": str(len(results)), "failures": str(failures), "errors": str(errors)}
    suite = ET.Element("testsuite", {"name": "support cases", **counts})
    for each in results:
        case = ET.SubElement(
            suite, "testcase", {"classname": "cases", "name": each.name, "time": f"{each.seconds:.3f}"}
        )
        if each.trend in FAILING:
            kind = "error" if each.trend is Trend.BROKEN else "failure"
            ET.SubElement(case, kind, {"message": f"{each.trend.value}: {each.told}"})
        else:
            ET.SubElement(case, "system-out").text = f"{each.trend.value}: {each.told}"
    return bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True))


def _run(file: Path, bench: Bench, before: Score | None) -> CaseResult:
    started = time.monotonic()
    try:
        replayed = replay(file, bench)
    except AppError as error:
        return CaseResult(file.stem, Trend.BROKEN, str(error), time.monotonic() - started, None)
    score = score_of(replayed)
    trend, told = trend_of(before, score)
    if replayed.verdict is Verdict.NOT_COMPARABLE and not score.texts:
        trend, told = Trend.BROKEN, replayed.reason
    return CaseResult(file.stem, trend, told, time.monotonic() - started, score)


def score_of(replayed: Replayed) -> Score:
    texts = {str(each.index): each.text_raw for each in replayed.heard}
    errors = sum(each.error is not None for each in replayed.heard) or int(replayed.error is not None)
    return Score(errors, texts, _corrected_cer(replayed), replayed.verdict.value)


def trend_of(before: Score | None, now: Score) -> tuple[Trend, str]:
    """Compare two runs of one case."""
    if before is None:
        return Trend.NEW, f"{now.errors} errors"
    if before.errors != now.errors:
        trend = Trend.BETTER if now.errors < before.errors else Trend.WORSE
        return trend, f"errors {before.errors} -> {now.errors}"
    if before.corrected_cer is not None and now.corrected_cer is not None:
        told = f"CER against the corrected text {before.corrected_cer:.2%} -> {now.corrected_cer:.2%}"
        if now.corrected_cer < before.corrected_cer:
            return Trend.BETTER, told
        if now.corrected_cer > before.corrected_cer:
            return Trend.WORSE, told
    changed = [index for index in before.texts if before.texts[index] != now.texts.get(index)]
    if changed:
        return Trend.CHANGED, f"the text of segment {', '.join(changed[:5])} is another one"
    return Trend.SAME, f"{now.errors} errors"


def _corrected_cer(replayed: Replayed) -> float | None:
    if replayed.recorded is None or not replayed.heard:
        return None
    counts = [character_errors(*pair) for pair in _corrected_pairs(replayed)]
    characters = sum(length for _, length in counts)
    return round(sum(changed for changed, _ in counts) / characters, 6) if characters else None


def _corrected_pairs(replayed: Replayed) -> Iterator[tuple[str, str]]:
    """Yield pairs of edited text and new text, for edits whose segments were all recognised."""
    now = {each.index: each.text for each in replayed.heard}
    corrections = replayed.recorded.corrections if replayed.recorded else ()
    for correction in corrections:
        indexes = range(correction.first, correction.last + 1)
        if all(index in now for index in indexes):
            yield correction.text, "".join(now[index] for index in indexes)
