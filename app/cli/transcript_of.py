"""From one file to its transcript, in this process: what `transcribe` does with each file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from tqdm import tqdm

from app.composition import decode_limits, vad_options
from app.domain.errors import FileUnreadable, FolderUnwritable
from app.domain.hotwords import outcomes
from app.domain.transcript import NO_SPEECH, Applied, Segment, Transcript, detect_language, merge_receipts
from app.engine import Engine, Hypothesis, RecognitionOptions, Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.samples import channel_file
from app.engine.preparation.preparation import PreparationPool, Prepared, prepare
from app.engine.vad.vad import SpeechSpan
from app.services.transcriptions.job_queue import JobOptions
from app.settings import Settings
from app.support.diagnosis import Finding, Run, diagnose
from app.support.diagnosis.finding import heard_from

BATCHES_AT_ONCE = 3  # so many go to the engine together: it finds those of similar length among them

Recognised: TypeAlias = tuple[SpeechSpan, Hypothesis]


def transcribe_file(
    file: Path,
    engine: Engine,
    options: RecognitionOptions,
    settings: Settings,
    bar: tqdm[Any],
    pool: PreparationPool,
    channels: str = "mix",
    notice: Callable[[list[Finding]], None] = lambda _findings: None,
) -> Transcript:
    """Return the transcript of one file; `bar` advances by seconds of recording, `notice` gets what is odd."""
    _check_readable(file)
    vad = vad_options(settings)
    with _scratch_folder() as folder:
        pcm = folder / "audio.s16"
        prepared = prepare(
            file,
            pcm,
            folder / "peaks.json",
            vad,
            decode_limits(settings),
            lambda: False,
            channels=channels,
            pool=pool,
        )
        bar.reset(total=prepared.facts.duration)
        recognised = list(_recognise(prepared, pcm, engine, options, bar))
    transcript = _assemble(recognised, prepared, engine, options, prepared.receipt(vad, channels))
    notice(diagnose(_run(recognised, prepared, JobOptions.of(options, vad, channels), transcript)))
    return transcript


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise FileUnreadable(file=str(file), reason=error.strerror) from error


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A folder for the decoded samples, gone afterwards."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="funasr-")
    except OSError as error:
        place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only named, where none could be used
        raise FolderUnwritable(folder=place, reason=error.strerror) from error
    with folder as name:
        yield Path(name)


def _recognise(
    prepared: Prepared, pcm: Path, engine: Engine, options: RecognitionOptions, bar: tqdm[Any]
) -> Iterator[Recognised]:
    """Yield each stretch of speech with its text, as many at once as the engine likes."""
    for spans in _windows(prepared.spans, BATCHES_AT_ONCE * engine.info.batch_seconds):
        waveforms = (read_waveform(channel_file(pcm, span.channel), span.start, span.end) for span in spans)
        hypotheses = engine.transcribe([Utterance(waveform, options) for waveform in waveforms])
        yield from zip(spans, hypotheses, strict=True)
        bar.update(max(0.0, max(span.end for span in spans) - bar.n))


def _windows(spans: Sequence[SpeechSpan], seconds: float) -> Iterator[list[SpeechSpan]]:
    """Yield neighbours that hold so much sound together, one at least: memory stays the same for any length."""
    window: list[SpeechSpan] = []
    for span in spans:
        if window and sum(each.end - each.start for each in (*window, span)) > seconds:
            yield window
            window = []
        window.append(span)
    if window:
        yield window


def _as_segment(span: SpeechSpan, hypothesis: Hypothesis) -> Segment:
    words = tuple(word.later(span.start) for word in hypothesis.words)
    return Segment(
        span.start,
        span.end,
        hypothesis.text,
        hypothesis.text_raw,
        hypothesis.confidence,
        words,
        span.channel,
        hypothesis.emotion,
        hypothesis.events,
        hypothesis.language,
    )


def _assemble(
    recognised: list[Recognised],
    prepared: Prepared,
    engine: Engine,
    options: RecognitionOptions,
    reading: tuple[Applied, ...],
) -> Transcript:
    heard = tuple(_as_segment(*pair) for pair in recognised if pair[1].text)
    receipt = merge_receipts((*reading, *engine.info.receipt), engine.receipt(options))
    for _, hypothesis in recognised:
        receipt = merge_receipts(receipt, hypothesis.applied)
    warnings = prepared.warnings if heard else (*prepared.warnings, NO_SPEECH)
    return Transcript(
        segments=heard,
        language=detect_language("".join(segment.text_raw for segment in heard), options.language),
        duration=prepared.facts.duration,
        model=engine.info.model,
        device=engine.info.device,
        receipt=receipt,
        warnings=warnings,
        hotwords=outcomes(options.hotwords, heard, receipt),
    )


def _run(
    recognised: list[Recognised], prepared: Prepared, options: JobOptions, transcript: Transcript
) -> Run:
    return Run(
        options=options,
        recording=prepared.described,
        duration=transcript.duration,
        segments=[heard_from(span.start, span.end, hypothesis) for span, hypothesis in recognised],
        segments_total=len(recognised),
        receipt=transcript.receipt,
        hotwords=transcript.hotwords,
        is_over=True,
        model=transcript.model,
    )
