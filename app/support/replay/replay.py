"""Replays one case: differences of this machine, the new result, and whether it matches the recorded one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app import __version__
from app.domain.errors.base import N_, AppError
from app.domain.errors.inference import InferenceUnavailable
from app.domain.options import OFF
from app.domain.transcript import Segment
from app.engine import EngineInfo
from app.support.case.archive import CaseArchive, open_archive
from app.support.environment import installed_packages
from app.support.replay import Difference, Verdict
from app.support.replay.bench import Bench
from app.support.replay.comparison import Comparison, compare
from app.support.replay.recorded import CaseSound, RecordedCase, open_sound, read_case
from app.support.replay.rerun import Heard
from app.support.replay.speakers import SpeakersComparison, compare_speakers

PACKAGES_COMPARED = ("torch", "torchaudio", "numpy", "av", "webrtcvad-wheels")
TOLERATED_CER = 0.01  # devices round differently: one character in a hundred may differ
TOLERATED_SPEAKERS = 0.02  # of the time with speech, at the edges of turns
SAME_PLACE_SECONDS = 0.05

NO_SOUND = N_("The case has no sound.")
NOTHING_RECORDED = N_("Nothing had been recognised when the case was made.")
OTHER_MODEL = N_("The model here is another one than the recorded one.")
NO_MODEL = N_("The model cannot be loaded here.")


@dataclass(frozen=True, slots=True)
class Replayed:
    """The outcome of one replay."""

    case: Path
    job: str
    verdict: Verdict
    reason: str
    """Why no comparison is possible; empty otherwise. English, its own translation key."""
    recorded_error: str | None
    error: str | None
    comparison: Comparison = field(default_factory=lambda: Comparison(()))
    heard: tuple[Heard, ...] = ()
    differences: tuple[Difference, ...] = ()
    plan_differs: tuple[tuple[float, float], ...] = ()
    """Intervals, in seconds, that speech detection finds only here or only in the recorded run."""
    recorded: RecordedCase | None = None
    speakers: SpeakersComparison | None = None
    """None where speakers were not told apart in both runs."""


def replay(file: Path, bench: Bench) -> Replayed:
    """Replay a case.

    Raises:
        CaseUnreadable, CaseDamaged: it is not a case, or was changed.
        DiskFull: there is no room for its audio.
    """
    with open_archive(file) as archive, tempfile.TemporaryDirectory(prefix="funasr-replay-") as folder:
        case = bench.changed(read_case(archive))
        return _Run(file, archive, case, bench, Path(folder)).result()


class _Run:
    """The steps of one replay."""

    def __init__(self, file: Path, archive: CaseArchive, case: RecordedCase, bench: Bench, folder: Path) -> None:
        self._file = file
        self._archive = archive
        self._case = case
        self._bench = bench
        self._folder = folder
        self._info: EngineInfo | None = None
        self._speakers: SpeakersComparison | None = None

    def result(self) -> Replayed:
        try:
            sound = open_sound(self._archive, self._case, self._bench.limits, self._folder)
        except AppError as error:
            return self._ended_early(error)
        if sound is None:
            return self._told(Verdict.NOT_COMPARABLE, NO_SOUND)
        try:
            heard = self._heard(sound)
        except InferenceUnavailable as error:
            return self._ended_early(error)
        return self._compared(sound, heard)

    def _heard(self, sound: CaseSound) -> list[Heard]:
        rerun = self._bench.rerun(self._case)
        self._info = rerun.load()
        return rerun.recognise(sound, self._case.segments, self._case.options.recognition)

    def _ended_early(self, error: AppError) -> Replayed:
        """Return the outcome of a job that fails before its segments here."""
        if self._is_recorded(error):
            return self._told(Verdict.REPRODUCED, error=error.code)
        if isinstance(error, InferenceUnavailable):
            return self._told(Verdict.NOT_COMPARABLE, NO_MODEL, error=error.code)
        return self._told(Verdict.NOT_REPRODUCED, error=error.code)

    def _is_recorded(self, error: AppError) -> bool:
        """Return whether the recorded job ended with this error and cause."""
        recorded = self._case.job.get("error") or {}
        return recorded.get("code") == error.code and _cause(recorded.get("params")) == _cause(error.params)

    def _compared(self, sound: CaseSound, heard: list[Heard]) -> Replayed:
        comparison = compare(self._case.segments, heard)
        self._speakers = self._compared_speakers(sound)
        verdict, reason = self._verdict(comparison, has_failed_early=self._case.error is not None)
        error = next((each.code for each in heard if each.code), None)
        return self._told(verdict, reason, error, comparison, tuple(heard), tuple(self._plan_differences(sound)))

    def _verdict(self, comparison: Comparison, *, has_failed_early: bool) -> tuple[Verdict, str]:
        if not comparison.segments:
            if has_failed_early:  # the recorded job failed before its first segment; this one did not
                return Verdict.NOT_REPRODUCED, ""
            return Verdict.NOT_COMPARABLE, NOTHING_RECORDED
        if comparison.recorded_errors and comparison.has_same_errors:
            return Verdict.REPRODUCED, ""
        if not self._is_same_model():
            return Verdict.NOT_COMPARABLE, OTHER_MODEL
        is_close = (comparison.cer or 0.0) <= TOLERATED_CER and not _appeared(comparison)
        is_same = comparison.has_same_errors and is_close and not self._has_other_speakers()
        return (Verdict.REPRODUCED if is_same else Verdict.NOT_REPRODUCED), ""

    def _compared_speakers(self, sound: CaseSound) -> SpeakersComparison | None:
        """Tell the speakers apart once more, where that is possible here."""
        case, make = self._case, self._bench.labeller
        if not case.turns or case.is_stretch or make is None or case.options.speakers == OFF:
            return None
        labeller = make(self._bench.rerun(case).inference)
        spans = [
            Segment(each.start, each.end, each.text, each.text_raw, channel=each.channel) for each in case.segments
        ]
        labels = labeller.label(case.options.speakers, spans, sound.prepared.facts.duration, sound.pcm)
        return compare_speakers(case.turns, labels.turns) if labels.model else None

    def _has_other_speakers(self) -> bool:
        told = self._speakers
        return told is not None and (told.recorded != told.here or told.differing > TOLERATED_SPEAKERS)

    def _is_same_model(self) -> bool:
        recorded = self._case.model.get("checksum")
        return recorded is None or recorded == self._bench.checksum(self._case)

    def _told(
        self,
        verdict: Verdict,
        reason: str = "",
        error: str | None = None,
        comparison: Comparison = Comparison(()),  # noqa: B008 - frozen
        heard: tuple[Heard, ...] = (),
        plan_differs: tuple[tuple[float, float], ...] = (),
    ) -> Replayed:
        return Replayed(
            self._file,
            str(self._case.job["id"]),
            verdict,
            reason,
            self._case.error,
            error,
            comparison,
            heard,
            tuple(self._differences()),
            plan_differs,
            self._case,
            self._speakers,
        )

    # What differs

    def _differences(self) -> Iterator[Difference]:
        case = self._case
        here = {"program": __version__, **_compared_packages(installed_packages())}
        there = {"program": str(case.environment.get("program", "-")), **_compared_packages(case.packages)}
        here["model_checksum"] = (self._bench.checksum(self._case) or "-")[:12]
        there["model_checksum"] = str(case.model.get("checksum") or "-")[:12]
        if self._info is not None and case.job.get("device"):
            here["device"], there["device"] = self._info.device, str(case.job["device"])
            here["dtype"], there["dtype"] = self._info.dtype, _dtype_of(self._archive)
        for name, value in here.items():
            if value != there[name] != "-":
                yield Difference(name, there[name], value)
        for name, value in self._bench.changes.items():
            recorded = case.settings | self._archive.json("options.json")
            yield Difference(name, _plain(recorded.get(name, "-")), value)

    def _plan_differences(self, sound: CaseSound) -> Iterator[tuple[float, float]]:
        """Compare the detected speech; not possible for a partial case."""
        if self._case.is_stretch or not self._case.segments:
            return
        there = [(segment.start, segment.end) for segment in self._case.segments]
        here = [(span.start, span.end) for span in sound.prepared.spans]
        yield from (span for span in there if not _is_among(span, here))
        yield from (span for span in here if not _is_among(span, there))


def _cause(params: object) -> object:
    """Return the code of an error's cause, if it has one."""
    reason = params.get("reason") if isinstance(params, dict) else None
    return reason.get("code") if isinstance(reason, dict) else None


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _appeared(comparison: Comparison) -> bool:
    """Return whether text appeared where none was recorded, which the CER does not show."""
    return any(not each.characters and each.distance for each in comparison.segments)


def _compared_packages(packages: object) -> dict[str, str]:
    versions = packages if isinstance(packages, dict) else {}
    return {name: str(versions.get(name, "-")) for name in PACKAGES_COMPARED}


def _dtype_of(archive: CaseArchive) -> str:
    lines = archive.json("receipt.json") or ()
    return next((str(line["applied"]) for line in lines if line["name"] == "dtype"), "-")


def _is_among(span: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    return any(
        abs(span[0] - other[0]) <= SAME_PLACE_SECONDS and abs(span[1] - other[1]) <= SAME_PLACE_SECONDS
        for other in others
    )
