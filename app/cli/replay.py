"""`python -m app replay` and `case shrink`: cases of this or another machine, run again here.

The engine settings that a case has recorded hold, unless an option, the environment or --set says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.composition import decode_limits, open_models, spec_of_folder
from app.domain.errors import N_, AppError, FolderUnwritable, InvalidParameter
from app.engine import EngineSpec
from app.settings import Origin, Settings, checked_value
from app.support.model_identity import model_checksum
from app.support.replay import Verdict
from app.support.replay.bench import ENGINE_SETTINGS, OPTIONS, Bench
from app.support.replay.recorded import RecordedCase
from app.support.replay.replay import replay
from app.support.replay.report import as_dict, as_text
from app.support.replay.shrink import shrink
from app.support.replay.suite import FAILING, CaseResult, as_junit, read_baseline, run_suite, write_baseline

SETTABLE = (*ENGINE_SETTINGS, "model", "vad_model", "punctuation_model")
EXIT_CODES = {Verdict.REPRODUCED: 0, Verdict.NOT_COMPARABLE: 3, Verdict.NOT_REPRODUCED: 4}
WORSE = 4


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder of cases, and what is done with the results."""

    folder: Path
    baseline: Path | None
    junit: Path | None
    update: bool


def changes_of(given: Iterable[str]) -> dict[str, str]:
    """Read `name=value` of the command line.

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
        with _bench(settings, changes).open() as bench:
            replayed = replay(file, bench)
    except AppError as error:
        if as_json:  # whoever reads JSON gets it there, too, and not only as a sentence
            print(_as_json({"problem": error.problem.to_dict()}))
        raise
    print(_as_json(as_dict(replayed)) if as_json else as_text(replayed))
    return EXIT_CODES[replayed.verdict]


def replay_all(settings: Settings, suite: Suite, changes: Mapping[str, str], *, as_json: bool) -> int:
    """Run a folder of cases; the baseline is written where there is none yet, or where that is asked for."""
    if not suite.folder.is_dir():
        raise InvalidParameter(name="--all", reason=N_("there is no such folder"))
    before = read_baseline(suite.baseline) if suite.baseline else {}
    with _bench(settings, changes).open() as bench:
        results = run_suite(
            suite.folder, bench, before, lambda result: None if as_json else _print_result(result)
        )
    try:
        if suite.baseline and (suite.update or not before):
            write_baseline(suite.baseline, results)
        if suite.junit:
            suite.junit.write_bytes(as_junit(results))
    except OSError as error:
        raise FolderUnwritable(folder=error.filename or "-", reason=error.strerror or str(error)) from error
    if as_json:
        print(_as_json({"cases": [_told(result) for result in results], "counts": _counts(results)}))
    else:
        print(
            ", ".join(f"{count} {trend}" for trend, count in _counts(results).items()) or "there are no cases"
        )
    return WORSE if any(result.trend in FAILING for result in results) and not suite.update else 0


def shrink_case(settings: Settings, file: Path, target: Path, *, text: str, segment: int | None) -> int:
    with _bench(settings, {}).open() as bench:
        found = shrink(file, target, bench, text=text, segment=segment)
    seconds = found.end - found.start
    print(
        f"{found.failure}: {seconds:.2f} s of {found.was_seconds:.2f} s are enough, after {found.runs} runs"
    )
    print(f"{target} is ready: the recording from {found.start:.2f} to {found.end:.2f} s")
    return 0


def _bench(settings: Settings, changes: Mapping[str, str]) -> Bench:
    def spec_for(case: RecordedCase) -> EngineSpec:
        return _spec(settings, case, changes)

    return Bench(spec_for, decode_limits(settings), settings.segment_timeout_seconds, changes)


def _spec(settings: Settings, case: RecordedCase, changes: Mapping[str, str]) -> EngineSpec:
    values = _recorded(settings, case) | {
        name: checked_value(name, value) for name, value in changes.items() if name in SETTABLE
    }
    wanted = settings.model_copy(update=values)
    folder = wanted.model if "model" in changes else None
    return spec_of_folder(wanted, folder or _folder(settings, case))


def _recorded(settings: Settings, case: RecordedCase) -> dict[str, Any]:
    """Return the recorded engine settings that nothing here overrides."""
    free = [name for name in ENGINE_SETTINGS if settings.origin(name) in (Origin.DEFAULT, Origin.PAGE)]
    values = {name: checked_value(name, case.settings[name]) for name in free if name in case.settings}
    if case.job.get("device"):  # it has computed there; here that device may be absent
        values["allow_device_fallback"] = True
    return values


def _folder(settings: Settings, case: RecordedCase) -> Path:
    """Return the recorded model where it is here too, else the one in use."""
    models = open_models(settings)
    in_use = models.folder_in_use()
    if settings.origin("model") is not Origin.DEFAULT:
        return in_use
    folders = [
        in_use,
        *(entry.folder for entry in models.entries() if entry.folder and entry.name == case.job["model"]),
    ]
    return next((each for each in folders if model_checksum(each) == case.model.get("checksum")), in_use)


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
