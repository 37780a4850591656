"""Transcribes a file in this process, without a queue: what the `transcribe` command does with each file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from app.domain.errors.audio import FileUnreadable
from app.domain.options import OFF, TranscriptionOptions
from app.domain.speakers import with_speakers
from app.domain.speech import SpeechSpan
from app.domain.transcript import Transcript, merge_receipts
from app.domain.transcription import SegmentRecord
from app.engine import Engine, EngineSpec, Hypothesis, Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.samples import channel_file
from app.engine.preparation.preparation import PreparationPool, Prepared, prepare
from app.engine.speakers import SpeakerModel
from app.services.retry import read_twice
from app.services.speakers.labelling import SpeakerLabeller, no_model
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.segment_store import assemble, recognised_segment
from app.services.transcriptions.sound_events import with_sound_events
from app.store.files.storage_errors import storage_error

BATCHES_AT_ONCE = 3  # batches handed to the engine together, so that it can group similar lengths


class ProgressBar(Protocol):
    """Shows the processed seconds of a recording."""

    n: float

    def reset(self, total: float | None = None) -> None: ...

    def update(self, n: float | None = 1) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class DirectResult:
    """Result for one file."""

    transcript: Transcript
    prepared: Prepared
    segments: list[SegmentRecord]


@contextmanager
def direct_transcriber(
    spec: EngineSpec,
    options: TranscriptionOptions,
    limits: DecodeLimits,
    speaker_model: Callable[[], Path | None] = no_model,
) -> Iterator[DirectTranscriber]:
    """Load an engine into this process to transcribe files inside the block.

    `speaker_model` returns the folder of the model that tells speakers apart, if there is one.

    Raises:
        ModelError, DeviceUnavailable
    """
    from app.engine.process.child import load  # late, because importing torch takes seconds

    engine = load(spec)
    with PreparationPool() as pool:
        yield DirectTranscriber(
            engine, options, limits, SpeakerLabeller(VoiceHearing(speaker_model, _local_model)), pool
        )


@dataclass(frozen=True, slots=True)
class DirectTranscriber:
    """Transcribes files one after the other with one loaded engine."""

    engine: Engine
    options: TranscriptionOptions
    limits: DecodeLimits
    labeller: SpeakerLabeller
    pool: PreparationPool

    def run(self, file: Path, bar: ProgressBar) -> DirectResult:
        """Transcribe one file.

        Raises:
            FileUnreadable, FolderUnwritable, AudioError, OutOfMemory, InferenceFailed
        """
        _check_readable(file)
        with _scratch_folder() as folder:
            pcm = folder / "audio.s16"
            prepared = read_twice(lambda: self._prepared(file, pcm))
            prepared = with_sound_events(prepared, pcm, self.limits, lambda: False, pool=self.pool)
            bar.reset(total=prepared.facts.duration)
            recognised = list(self._recognise(prepared, pcm, bar))
            segments = [segment for segment, _ in recognised]
            transcript = self._labelled(self._assemble(prepared, recognised), segments, pcm)
        return DirectResult(transcript, prepared, segments)

    def _labelled(self, transcript: Transcript, segments: Sequence[SegmentRecord], pcm: Path) -> Transcript:
        """Return the transcript by speaker, if that was asked for."""
        if self.options.speakers == OFF:
            return transcript
        labels = self.labeller.label(self.options.speakers, segments, transcript.duration, pcm)
        spoken = with_speakers(transcript.segments, labels.turns)
        return replace(transcript, segments=spoken, receipt=(*transcript.receipt, labels.line))

    def _prepared(self, file: Path, pcm: Path) -> Prepared:
        return prepare(
            file,
            pcm,
            pcm.with_name("peaks.json"),
            self.options.vad,
            self.limits,
            lambda: False,
            channels=self.options.channels,
            track=self.options.track,
            pool=self.pool,
        )

    def _recognise(self, prepared: Prepared, pcm: Path, bar: ProgressBar) -> Iterator[tuple[SegmentRecord, Hypothesis]]:
        """Yield each speech span with its text, processed in batches as the engine prefers."""
        options, index = self.options.recognition, 0
        for spans in _windows(prepared.spans, BATCHES_AT_ONCE * self.engine.info.batch_seconds):
            waveforms = (read_waveform(channel_file(pcm, span.channel), span.start, span.end) for span in spans)
            hypotheses = self.engine.transcribe([Utterance(waveform, options) for waveform in waveforms])
            for span, hypothesis in zip(spans, hypotheses, strict=True):
                yield recognised_segment(index, span, hypothesis), hypothesis
                index += 1
            bar.update(max(0.0, max(span.end for span in spans) - bar.n))

    def _assemble(self, prepared: Prepared, recognised: Sequence[tuple[SegmentRecord, Hypothesis]]) -> Transcript:
        options, info = self.options, self.engine.info
        reading = prepared.receipt(options)
        receipt = merge_receipts((*reading, *info.receipt), self.engine.receipt(options.recognition))
        for _, hypothesis in recognised:
            receipt = merge_receipts(receipt, hypothesis.applied)
        return assemble(
            [segment for segment, _ in recognised],
            options,
            duration=prepared.facts.duration,
            model=info.model,
            device=info.device,
            receipt=receipt,
            warnings=prepared.warnings,
        )


def _local_model(folder: Path, _check: Callable[[], None]) -> SpeakerModel:
    from app.engine.process.child import load_speakers  # late, because importing torch takes seconds

    return load_speakers(folder)


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise FileUnreadable(file=str(file), reason=error.strerror) from error


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A temporary folder for the decoded samples."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="funasr-")
    except OSError as error:
        place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only named in the error message
        raise storage_error(error, Path(place)) from error
    with folder as name:
        yield Path(name)


def _windows(spans: Sequence[SpeechSpan], seconds: float) -> Iterator[list[SpeechSpan]]:
    """Yield groups of consecutive spans of limited total length, so that memory is bounded for any recording."""
    window: list[SpeechSpan] = []
    for span in spans:
        if window and sum(each.end - each.start for each in (*window, span)) > seconds:
            yield window
            window = []
        window.append(span)
    if window:
        yield window
