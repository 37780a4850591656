"""What a realtime session asks for, as options of recognition, and what of it has no effect here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.domain.errors.requests import InvalidParameter, UnknownLanguage
from app.domain.hotwords import Hotword, listed_hotwords, unique_hotwords
from app.domain.languages import AUTO, LANGUAGES, known_language
from app.domain.options import TranscriptionOptions, VadOptions
from app.services.options import VadPatch
from app.web.openai.prompts import terms_of
from app.web.openai.realtime.problems import INVALID_VALUE, RealtimeError
from app.web.openai.realtime.session_config import AudioTranscription, SemanticVad, ServerVad, SessionConfig

TRANSCRIPTION = "session.audio.input.transcription"
EAGERNESS_MS = {"low": 1500, "medium": 700, "auto": 700, "high": 400}
"""Silence that ends a turn; nothing here knows the meaning of what was said."""
LONGEST_PADDING_MS = 2000
SHORTEST_WORD_MS = 100  # what is shorter is the last sound of the turn before


def options_for(config: SessionConfig, defaults: TranscriptionOptions) -> TranscriptionOptions:
    """Return the options of recognition for a session.

    Raises:
        RealtimeError: a value does not fit.
    """
    wanted = config.transcription or AudioTranscription()
    return replace(
        defaults,
        language=_language(wanted, defaults.language),
        hotwords=_hotwords(wanted) or defaults.hotwords,
        vad=_vad(config, defaults.vad),
    )


def ignored(config: SessionConfig) -> list[str]:
    """Return the parameters that are accepted without an effect."""
    return sorted({*_ignored_parts(config), *_ignored_of_transcription(config.transcription)})


def _ignored_parts(config: SessionConfig) -> Iterator[str]:
    if config.noise_reduction:
        yield "audio.input.noise_reduction"
    if isinstance(config.turn_detection, ServerVad) and config.turn_detection.idle_timeout_ms is not None:
        yield "audio.input.turn_detection.idle_timeout_ms"
    for name in ("create_response", "interrupt_response"):
        if getattr(config.turn_detection, name, None):
            yield f"audio.input.turn_detection.{name}"


def _ignored_of_transcription(wanted: AudioTranscription | None) -> Iterator[str]:
    if wanted and wanted.delay:
        yield "audio.input.transcription.delay"
    if wanted and wanted.prompt and not terms_of(wanted.prompt):
        yield "audio.input.transcription.prompt"
    if wanted and not wanted.language and len(wanted.languages or ()) > 1:
        yield "audio.input.transcription.languages"


def _language(wanted: AudioTranscription, usual: str) -> str:
    if wanted.language:
        return _known_language(wanted.language, "language")
    known = [_known_language(each, "languages") for each in wanted.languages or ()]
    if len(known) == 1:
        return known[0]
    return AUTO if known else usual


def _known_language(value: str, name: str) -> str:
    """Return the language of a code (`zh-CN`) or of an English name (`Chinese`)."""
    code = known_language(value)
    if code is not None:
        return code
    error = UnknownLanguage(language=value[:40], known=", ".join(LANGUAGES))
    raise RealtimeError(INVALID_VALUE, str(error), f"{TRANSCRIPTION}.{name}")


def _hotwords(wanted: AudioTranscription) -> tuple[Hotword, ...]:
    prompt = wanted.prompt or ""
    try:
        keywords = listed_hotwords(wanted.keywords or ())
        return unique_hotwords((*keywords, *listed_hotwords(terms_of(prompt))))
    except InvalidParameter as error:
        name = "keywords" if wanted.keywords else "prompt"
        raise RealtimeError(INVALID_VALUE, str(error), f"{TRANSCRIPTION}.{name}") from None


def _vad(config: SessionConfig, usual: VadOptions) -> VadOptions:
    try:
        return _vad_of(config.turn_detection, usual)
    except InvalidParameter as error:
        raise RealtimeError(INVALID_VALUE, str(error), "session.audio.input.turn_detection") from None


def _vad_of(turns: ServerVad | SemanticVad | None, usual: VadOptions) -> VadOptions:
    if turns is None:  # the client ends its turns; until then a pause is part of one, and the shortest word counts
        shortest = min(usual.min_speech_ms, SHORTEST_WORD_MS)
        return replace(usual, min_silence_ms=usual.max_segment_ms, min_speech_ms=shortest)
    if isinstance(turns, SemanticVad):
        return replace(usual, min_silence_ms=EAGERNESS_MS[turns.eagerness or "auto"])
    padding = turns.prefix_padding_ms
    patch = VadPatch(
        threshold=turns.threshold,
        min_silence_ms=turns.silence_duration_ms,
        speech_pad_ms=None if padding is None else min(padding, LONGEST_PADDING_MS, usual.max_segment_ms // 4),
    )
    return patch.apply(usual)
