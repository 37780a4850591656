"""The audio of a case: as much as the person chose, as it was recognised, without the recording's tags.

FLAC preserves every sample that the model processed. A recording that cannot be decoded is included as uploaded: its
bytes are the failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from app.domain.errors.base import N_, AppError
from app.domain.errors.transcriptions import AudioGone
from app.domain.transcription import SegmentRecord, Transcription
from app.engine import SAMPLE_RATE
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.flac import write_flac
from app.engine.audio.samples import channel_file
from app.engine.preparation.preparation import decode_apart
from app.services.retry import read_twice
from app.services.transcriptions.job_queue import Queue
from app.store.files.decoded_audio import AUDIO_NAME
from app.support.case import AudioChoice, CaseChoice, Part

ALL = N_("The recording as it was recognised: 16 kHz, one channel, no tags")
STRETCH = N_("The stretch in question as it was recognised: 16 kHz, one channel, no tags")
AS_SENT = N_("The recording as it was sent: it could not be decoded")
ESTIMATED_BYTES_PER_SECOND = 17_000  # FLAC of speech at 16 kHz


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """Which audio goes in."""

    choice: AudioChoice
    segments: tuple[int, ...] = ()
    """Those of the chosen part."""
    start: float = 0.0
    end: float | None = None
    channel: int | None = None
    """The channel of the part, if channels were transcribed separately."""
    note: str = ""
    """Why there is less than chosen; English, its own translation key."""

    @property
    def first_sample(self) -> int:
        return max(0, round(self.start * SAMPLE_RATE))

    def estimated_bytes(self, duration: float | None) -> int:
        """Return the approximate size of the file."""
        end = self.end if self.end is not None else (duration or 0.0)
        return 0 if self.choice is AudioChoice.HASH else round((end - self.start) * ESTIMATED_BYTES_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Sound:
    """The audio's manifest entry, and the file itself."""

    facts: dict[str, Any]
    part: Part | None


def plan_sound(choice: CaseChoice, segments: Sequence[SegmentRecord]) -> SoundPlan:
    """Decide what goes in; never more than chosen."""
    if choice.audio is not AudioChoice.STRETCH:
        return SoundPlan(choice.audio)
    chosen = _stretch(choice.segment, segments)
    if chosen is None:
        return SoundPlan(AudioChoice.HASH, note=N_("There are no segments yet, so there is no stretch to take."))
    return SoundPlan(AudioChoice.STRETCH, (chosen.index,), chosen.start, chosen.end, chosen.channel)


def make_sound(queue: Queue, job: Transcription, plan: SoundPlan, limits: DecodeLimits, folder: Path) -> Sound:
    """Write the audio to `folder`, as far as available."""
    facts: dict[str, Any] = {
        "choice": plan.choice.value,
        "recording_sha256": job.sha256,
        "recording_bytes": job.size_bytes,
    }
    facts |= {"note": plan.note, "segments": list(plan.segments), "first_sample": plan.first_sample}
    if plan.choice is AudioChoice.HASH:
        return Sound(facts | {"file": None}, None)
    try:
        source = queue.source_path(job.id)
    except AudioGone as error:
        return Sound(facts | {"file": None, "note": error.problem.explained()["message"]}, None)
    try:
        files, decoded = _samples(queue, job, source, limits, folder)
    except AppError as error:
        part = Part(f"audio/recording{source.suffix}", AS_SENT, source)
        problem = error.problem.to_dict()
        return Sound(facts | {"choice": "whole", "file": part.name, "is_original": True, "decoding": problem}, part)
    target = folder / "sound.flac"
    count = None if plan.end is None else round(plan.end * SAMPLE_RATE) - plan.first_sample
    samples = write_flac(_of_channel(files, plan.channel), target, plan.first_sample, count)
    name, what = ("audio/whole.flac", ALL) if plan.end is None else ("audio/stretch.flac", STRETCH)
    part = Part(name, what, target)
    return Sound(facts | {"file": name, "is_original": False, "samples": samples, "decoded": decoded}, part)


def _samples(
    queue: Queue, job: Transcription, source: Path, limits: DecodeLimits, folder: Path
) -> tuple[list[Path], dict[str, Any] | None]:
    """Return the samples of a job, mixed or per channel: the existing ones, or else decoded again."""
    if at_work := _linked(queue, job.id, folder):
        return at_work, None
    pcm = folder / "audio.s16"
    options = job.options
    decoding = partial(decode_apart, source, pcm, limits, lambda: False, track=options.track)
    facts = read_twice(partial(decoding, separate=options.channels == "separate"))
    untitled = replace(facts, tracks=tuple(replace(track, title="", language="") for track in facts.tracks))
    return [channel_file(pcm, channel) for channel in facts.files], asdict(untitled)


def _linked(queue: Queue, id: str, folder: Path) -> list[Path]:
    """Hard-link the samples of a running job, so that they survive its end."""
    if not queue.files.has_audio(id):
        return []
    linked = []
    try:
        for file in sorted(queue.files.folder(id).glob(f"*{AUDIO_NAME}")):
            (folder / file.name).hardlink_to(file)
            linked.append(folder / file.name)
    except OSError:
        return []
    return linked


def _of_channel(files: list[Path], channel: int | None) -> list[Path]:
    return files if channel is None or len(files) < channel else [files[channel - 1]]


def _stretch(index: int | None, segments: Sequence[SegmentRecord]) -> SegmentRecord | None:
    """Return the requested segment, else a failed one, the least confident one, or the first."""
    if index is not None:
        return next((segment for segment in segments if segment.index == index), None)
    failed = [segment for segment in segments if segment.state == "failed"]
    unsure = sorted(
        (segment for segment in segments if segment.confidence is not None),
        key=lambda segment: segment.confidence or 0.0,
    )
    return next(iter((*failed, *unsure, *segments)), None)
