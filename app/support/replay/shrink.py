"""Finds the shortest clip of a case that still reproduces its failure, and makes a case from it.

First it finds one segment that fails alone, then trims its start and end, by half at first, then by less, as long as
the failure persists (delta debugging, Zeller 2002). The failure is an error or a wrong word.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.cases import CaseCannotShrink
from app.engine import SAMPLE_RATE
from app.engine.audio.flac import write_flac
from app.support.case import Part
from app.support.case.archive import CaseArchive, as_json, manifest_of, open_archive, write_archive
from app.support.case.sound import STRETCH
from app.support.redaction import Redaction
from app.support.replay.bench import Bench
from app.support.replay.recorded import CaseSound, RecordedCase, RecordedSegment, open_sound, read_case
from app.support.replay.rerun import Heard, Rerun

SHORTEST_CUT_SECONDS = 0.05
SHORTEST_CLIP_SECONDS = 0.1  # shorter than any word
REMADE = frozenset({"segmentation.json", "result.json"})

Shows = Callable[[Heard], bool]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The result of a search."""

    start: float
    end: float
    """Seconds in the recording."""
    was_seconds: float
    failure: str
    """The code of the error, or the wrong text."""
    runs: int


def shrink(file: Path, target: Path, bench: Bench, *, text: str = "", segment: int | None = None) -> Shrunk:
    """Write to `target` a case with the shortest clip of `file` that still fails.

    The clip must still yield `text`, if given; otherwise the error, or else the least confident word.

    Raises:
        CaseUnreadable, CaseDamaged: it is not a case, or was changed.
        CaseCannotShrink: it has no audio, or the failure does not occur here.
    """
    with open_archive(file) as archive, tempfile.TemporaryDirectory(prefix="funasr-shrink-") as folder:
        case = bench.changed(read_case(archive))
        if case.audio.get("is_original"):
            raise CaseCannotShrink(reason=N_("its recording cannot be decoded, so it cannot be cut"))
        sound = open_sound(archive, case, bench.limits, Path(folder))
        if sound is None:
            raise CaseCannotShrink(reason=N_("it has no sound"))
        search = _Search(bench.rerun(case), sound, case)
        found = search.run(text, segment)
        _write(archive, sound, search.clip, found, target, Path(folder))
    return found


class _Search:
    """The runs of one search."""

    def __init__(self, rerun: Rerun, sound: CaseSound, case: RecordedCase) -> None:
        self._rerun = rerun
        self._sound = sound
        self._case = case
        self._runs = 0
        self.clip: tuple[RecordedSegment, Heard] | None = None
        """The shortest clip so far, and its result."""

    def run(self, text: str, index: int | None) -> Shrunk:
        candidates = [each for each in self._case.segments if index is None or each.index == index]
        failing, shows, failure = self._failing(candidates, text)
        start, end = self._narrowed(failing, shows)
        return Shrunk(start, end, failing.end - failing.start, failure, self._runs)

    def _failing(self, candidates: Sequence[RecordedSegment], text: str) -> tuple[RecordedSegment, Shows, str]:
        """Return the first segment that fails alone, and the test for its failure."""
        for segment in sorted(candidates, key=_promising):
            failure, shows = _failure_of(segment, text)
            if shows is not None and self._is_shown(segment, segment.start, segment.end, shows):
                return segment, shows, failure
        raise CaseCannotShrink(reason=N_("no segment alone shows the failure here"))

    def _narrowed(self, segment: RecordedSegment, shows: Shows) -> tuple[float, float]:
        start, end = segment.start, segment.end
        cut = (end - start) / 2
        while cut >= SHORTEST_CUT_SECONDS:
            if end - cut - start >= SHORTEST_CLIP_SECONDS:
                if self._is_shown(segment, start + cut, end, shows):
                    start += cut
                    continue
                if self._is_shown(segment, start, end - cut, shows):
                    end -= cut
                    continue
            cut /= 2
        return start, end

    def _is_shown(self, segment: RecordedSegment, start: float, end: float, shows: Shows) -> bool:
        self._runs += 1
        clip = replace(segment, start=start, end=end)
        [heard] = self._rerun.recognise(self._sound, [clip], self._case.options.recognition)
        if not shows(heard):
            return False
        self.clip = clip, heard
        return True


def _promising(segment: RecordedSegment) -> tuple[bool, float]:
    """Sort failed segments first, then by ascending confidence."""
    return segment.error is None, segment.confidence if segment.confidence is not None else 1.0


def _failure_of(segment: RecordedSegment, text: str) -> tuple[str, Shows | None]:
    if text:
        wanted = "".join(text.split())
        return text, lambda heard: wanted in "".join((heard.text_raw + heard.text).split())
    if segment.error is not None:
        return segment.error, lambda heard: heard.code == segment.error
    word = min(segment.words, key=lambda each: float(each["confidence"]), default=None)
    if word is None:
        return "", None
    said = str(word["raw"] or word["text"]).strip(" ,.!?;:，。！？；：、")
    return said, lambda heard: said in heard.text_raw


def _write(
    archive: CaseArchive,
    sound: CaseSound,
    clip: tuple[RecordedSegment, Heard] | None,
    found: Shrunk,
    target: Path,
    folder: Path,
) -> None:
    """Write the new case: the files of the old one, with the clip as audio and its result."""
    assert clip is not None  # noqa: S101 - a found clip has been run
    segment, heard = clip
    first = max(0, round(segment.start * SAMPLE_RATE))
    file = folder / "stretch.flac"
    count = max(0, round(segment.end * SAMPLE_RATE) - first)
    samples = write_flac([sound.file(segment.channel)], file, first - sound.first_sample, count)
    audio = dict(archive.manifest["audio"]) | {
        "choice": "stretch", "segments": [segment.index], "first_sample": first, "samples": samples,
        "file": "audio/stretch.flac", "is_original": False,
    }  # fmt: skip
    parts = [
        Part("segmentation.json", _what(archive, "segmentation.json"), as_json([_told(segment, heard)])),
        Part(
            "result.json",
            _what(archive, "result.json"),
            as_json({"text": heard.text, "text_raw": heard.text_raw}),
        ),
        *_copied(archive, folder),
        Part("audio/stretch.flac", STRETCH, file),
    ]
    names = ("job", "state", "error", "requests", "model_checksum")
    facts: dict[str, Any] = {name: archive.manifest.get(name) for name in names}
    facts["shrunk"] = {"start": found.start, "end": found.end, "failure": found.failure, "runs": found.runs}
    redactions = [Redaction(**each) for each in archive.manifest.get("redactions", ())]
    write_archive(parts, manifest_of(parts, redactions, facts | {"audio": audio}), target)


def _copied(archive: CaseArchive, folder: Path) -> list[Part]:
    parts = []
    for number, file in enumerate(archive.manifest["files"]):
        name = file["name"]
        if name in REMADE or name.startswith("audio/"):
            continue
        copy = folder / f"part-{number}"
        archive.copy(name, copy)
        parts.append(Part(name, file["what"], copy.read_bytes()))
    return parts


def _what(archive: CaseArchive, name: str) -> str:
    return next(str(file["what"]) for file in archive.manifest["files"] if file["name"] == name)


def _told(segment: RecordedSegment, heard: Heard) -> dict[str, Any]:
    error = heard.error.problem if heard.error else None
    return {
        "index": segment.index,
        "start": segment.start,
        "end": segment.end,
        "channel": segment.channel,
        "state": "failed" if error else "done",
        "text": heard.text,
        "text_raw": heard.text_raw,
        "confidence": heard.confidence,
        "dropped": heard.dropped,
        "error": error.explained() | {"params": dict(error.params)} if error else None,
        "words": [word.to_dict() for word in heard.words],
    }
