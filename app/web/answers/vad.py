"""Converts speech detection results to REST API responses, in the user's language."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app.domain.errors.base import N_
from app.domain.speech import SoundKind
from app.services.missing_text import Why, missing_in_report
from app.services.vad.texts import Stretch as StretchKey
from app.services.vad.texts import StretchText, stretch_of
from app.web.answers.missing_text import missing_answer
from app.web.answers.models import needs_answer
from app.web.answers.transcriptions import problem_answer
from app.web.schemas.sounds import SoundBands, SoundMark, SoundSeconds
from app.web.schemas.vad import SoundEvents, Speech, Stretch, VadAnswer, VadOptionsAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.domain.options import VadOptions
    from app.domain.speech import SpeechSpan
    from app.i18n import Translate
    from app.services.vad.records import Analysis
    from app.services.vad.sounds import SoundEvent
    from app.web.services import Services

PICTURE = 1000  # intervals in the first waveform
MARKS = 1500  # more cannot be distinguished on a screen
NOTHING_FOUND = N_(
    "No speech was found. Lower the threshold (of webrtcvad: the mode) or the minimum speech, or check that the recording has sound."
)


@dataclass(frozen=True, slots=True)
class Window:
    """The requested part of the lists."""

    offset: int = 0
    limit: int = 500
    view_start: float = 0.0
    """Seconds."""
    view_end: float | None = None
    """None means the end."""
    rules: Sequence[Why] | None = None
    missing_offset: int = 0
    missing_limit: int = 100
    picture: bool = True


def vad_answer(
    services: Services, analysis: Analysis, options: VadOptions, window: Window, translate: Translate
) -> VadAnswer:
    """Return an analysis, with the detected speech once the recording is decoded."""
    is_ready = analysis.state == "ready"
    needs_picture = is_ready and window.picture
    peaks = services.vad.outline(analysis.id, 0.0, analysis.duration or 0.0, PICTURE) if needs_picture else []
    return VadAnswer(
        id=analysis.id,
        name=analysis.name,
        state=analysis.state,
        transcription=analysis.transcription,
        duration=analysis.duration,
        channels=analysis.channels,
        warnings=[warning.told(translate) for warning in analysis.warnings],
        peaks=[(low, high) for low, high in peaks],
        speech=_speech(services, analysis, options, window, translate) if is_ready else None,
        events=_events(services, analysis, window, translate) if is_ready else None,
    )


def _speech(
    services: Services, analysis: Analysis, options: VadOptions, window: Window, translate: Translate
) -> Speech:
    report = services.vad.report(analysis.id, options)
    texts = services.vad_texts.of(analysis.id)
    missing = missing_in_report(report, texts)
    states = [texts[key].state for key in map(stretch_of, report.spans) if key in texts]
    return Speech(
        options=VadOptionsAnswer(**asdict(options)),
        total=len(report.spans),
        offset=window.offset,
        speech_seconds=round(sum(span.end - span.start for span in report.spans), 3),
        texts_waiting=states.count("waiting"),
        texts_done=states.count("done"),
        advice="" if report.spans else translate(NOTHING_FOUND),
        segments=[
            _stretch(span, texts, translate) for span in report.spans[window.offset : window.offset + window.limit]
        ],
        marks=marks(report.spans, window.view_start, _view_end(analysis, window)),
        missing=missing_answer(missing, window.rules, window.missing_offset, window.missing_limit, translate),
    )


def _events(services: Services, analysis: Analysis, window: Window, translate: Translate) -> SoundEvents:
    sounds = services.vad.sounds(analysis.id)
    needs = services.models.extras.status_of_sound_events() if sounds.state == "absent" else None
    events = sounds.events if sounds.state == "ready" else None
    bands = sound_bands(events, window.view_start, _view_end(analysis, window))
    return SoundEvents(state=sounds.state, needs=needs_answer(needs, translate), totals=bands.totals, marks=bands.marks)


def sound_bands(events: Sequence[SoundEvent] | None, start: float, end: float) -> SoundBands:
    """Return what sounds between two times at display resolution, with the totals of the whole recording."""
    if events is None:
        return SoundBands(totals=[], marks=[])
    by_kind = {kind: [event for event in events if event.kind is kind] for kind in SoundKind}
    return SoundBands(
        totals=[_total(kind, each) for kind, each in by_kind.items()],
        marks=[
            SoundMark(kind=kind, start=first, end=last)
            for kind, each in by_kind.items()
            for first, last in marks(each, start, end)
        ],
    )


def _total(kind: SoundKind, events: Sequence[SoundEvent]) -> SoundSeconds:
    return SoundSeconds(kind=kind, seconds=round(sum(event.end - event.start for event in events), 3))


def _view_end(analysis: Analysis, window: Window) -> float:
    return analysis.duration or 0.0 if window.view_end is None else window.view_end


def marks(spans: Sequence[SpeechSpan] | Sequence[SoundEvent], start: float, end: float) -> list[tuple[float, float]]:
    """Return the stretches between two times at display resolution; at most MARKS intervals."""
    narrowest = max(0.0, end - start) / MARKS
    first = bisect_left(spans, start, key=lambda span: span.end)
    last = bisect_left(spans, end, key=lambda span: span.start)
    shown: list[tuple[float, float]] = []
    for span in spans[first:last]:
        if shown and narrowest and span.start - shown[-1][1] < narrowest and _is_crowded(last - first):
            shown[-1] = shown[-1][0], round(span.end, 3)
        else:
            shown.append((round(span.start, 3), round(span.end, 3)))
    return shown


def _is_crowded(count: int) -> bool:
    return count > MARKS // 2


def _stretch(span: SpeechSpan, texts: Mapping[StretchKey, StretchText], translate: Translate) -> Stretch:
    known = texts.get(stretch_of(span))
    return Stretch(
        start=round(span.start, 3),
        end=round(span.end, 3),
        duration=round(span.end - span.start, 3),
        state=known.state if known else "none",
        text=known.text if known else "",
        error=problem_answer(known.error, translate) if known else None,
    )
