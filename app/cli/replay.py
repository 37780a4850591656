"""`python -m app replay` and `case shrink`: replay cases of this or another machine.

The engine settings recorded in a case apply unless overridden by an option, the environment or --set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.composition import SETTABLE, replay_bench
from app.domain.errors.base import N_, AppError
from app.domain.errors.requests import InvalidParameter
from app.settings import Settings
from app.store.files.storage_errors import storage_error
from app.support.replay import Verdict
from app.support.replay.bench import OPTIONS
from app.support.replay.dialect import speak
from app.support.replay.replay import replay
from app.support.replay.report import as_dict, as_text
from app.support.replay.shrink import shrink
from app.support.replay.suite import FAILING, CaseResult, as_junit, read_baseline, run_suite, write_baseline

EXIT_CODES = {Verdict.REPRODUCED: 0, Verdict.NOT_COMPARABLE: 3, Verdict.NOT_REPRODUCED: 4}
WORSE = 4


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder of cases, and what to do with the results."""

    folder: Path
    baseline: Path | None
    junit: Path | None
    update: bool


def changes_of(given: Iterable[str]) -> dict[str, str]:
    """Parse `name=value` arguments.

    Raises:
        InvalidParameter: there is no such name.
    """
    changes = {}
    for each in given:
        name, is_given, value = each.partition("=")
        if not is_given or name not in (*SETTABLE, *OPTIONS):
            raise InvalidParameter(name="--set", reason=f"{', '.join((*SETTABLE, *OPTIONS))}")
        changes[name] = value
    return changes


def replay_case(settings: Settings, file: Path, changes: Mapping[str, str], *, as_json: bool) -> int:
    try:
        with replay_bench(settings, changes).open() as bench:
            replayed = replay(file, bench)
    except AppError as error:
        if as_json:  # also as JSON, not only as a sentence
            print(_as_json({"problem": error.problem.to_dict()}))
        raise
    print(_as_json(as_dict(replayed)) if as_json else as_text(replayed))
    return EXIT_CODES[replayed.verdict]


def speak_case(file: Path, url: str, *, as_json: bool) -> int:
    """Send the request of a program once more, and print what is answered."""
    spoken = speak(file, url)
    if as_json:
        print(_as_json(spoken.to_dict()))
    else:
        verb = "POST" if spoken.address.startswith("http") else "WEBSOCKET"
        print(f"{verb} {spoken.address} -> {spoken.status}")
        for name, value in spoken.headers.items():
            print(f"{name}: {value}")
        if spoken.left_out:
            print(f"not sent, because the case does not hold them: {', '.join(spoken.left_out)}")
        print(f"\n{spoken.body}")
    return EXIT_CODES[Verdict.REPRODUCED if spoken.is_same else Verdict.NOT_REPRODUCED]


def replay_all(settings: Settings, suite: Suite, changes: Mapping[str, str], *, as_json: bool) -> int:
    """Replay a folder of cases; the baseline is written if there is none yet, or on request."""
    if not suite.folder.is_dir():
        raise InvalidParameter(name="--all", reason=N_("there is no such folder"))
    before = read_baseline(suite.baseline) if suite.baseline else {}
    with replay_bench(settings, changes).open() as bench:
        results = run_suite(suite.folder, bench, before, lambda result: None if as_json else _print_result(result))
    try:
        if suite.baseline and (suite.update or not before):
            write_baseline(suite.baseline, results)
        if suite.junit:
            suite.junit.write_bytes(as_junit(results))
    except OSError as error:
        raise storage_error(error, Path(error.filename or "-")) from error
    if as_json:
        print(_as_json({"cases": [_told(result) for result in results], "counts": _counts(results)}))
    else:
        print(", ".join(f"{count} {trend}" for trend, count in _counts(results).items()) or "there are no cases")
    return WORSE if any(result.trend in FAILING for result in results) and not suite.update else 0


def shrink_case(settings: Settings, file: Path, target: Path, *, text: str, segment: int | None) -> int:
    with replay_bench(settings, {}).open() as bench:
        found = shrink(file, target, bench, text=text, segment=segment)
    seconds = found.end - found.start
    print(f"{found.failure}: {seconds:.2f} s of {found.was_seconds:.2f} s are enough, after {found.runs} runs")
    print(f"{target} is ready: the recording from {found.start:.2f} to {found.end:.2f} s")
    return 0


def _print_result(result: CaseResult) -> None:
    print(f"{result.trend.value:<8} {result.name}  {result.told}", flush=True)


def _counts(results: Iterable[CaseResult]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for result in results:
        counts[result.trend.value] = counts.get(result.trend.value, 0) + 1
    return counts


def _told(result: CaseResult) -> dict[str, Any]:
    score = result.score.to_dict() if result.score else None
    return {"name": result.name, "trend": result.trend.value, "told": result.told, "score": score}


def _as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
