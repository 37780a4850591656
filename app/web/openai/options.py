"""What of a request is done here: the options of its transcription, and a receipt of what is done otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter, UnknownLanguage
from app.domain.hotwords import Hotword, listed_hotwords, parse_hotwords, unique_hotwords
from app.domain.languages import AUTO, LANGUAGES, known_language
from app.domain.options import AUTOMATIC, OFF, TranscriptionOptions, VadOptions
from app.domain.reasons import (
    FORMAT_HAS_NONE,
    LANGUAGE_GIVEN,
    LANGUAGES_NOT_BOUND,
    NOT_OFFERED,
    NOT_SAMPLED,
    TERMS_ONLY,
)
from app.domain.transcript import Applied
from app.services.models.models import Models
from app.services.options import OptionsPatch
from app.web.forms.recording import json_list
from app.web.openai.models import choose_model
from app.web.openai.prompts import terms_of
from app.web.openai.request import LOGPROBS, ResponseFormat, SpeechRequest

VAD_MEMBERS = {"threshold": "threshold", "silence_duration_ms": "min_silence_ms", "prefix_padding_ms": "speech_pad_ms"}
"""Members of `chunking_strategy`, and the options of the speech detection that they mean. What is left out stays as the
server has it: OpenAI's default of 200 ms of silence would cut a recording into crumbs."""
LONGEST_LOOK = 200  # characters of a value in a receipt


def options_of(
    asked: SpeechRequest, usual: TranscriptionOptions, models: Models
) -> tuple[TranscriptionOptions, tuple[Applied, ...]]:
    """Return the options for a request and its receipt.

    Raises:
        InvalidParameter, UnknownLanguage: a value cannot be used.
    """
    model = choose_model(asked.model, models)
    language, languages = _language(asked, models)
    hotwords, prompt = _hotwords(asked)
    options = OptionsPatch.of(**asked.own).apply(usual)
    options = replace(
        options,
        language=language or options.language,
        hotwords=hotwords or options.hotwords,
        channels="separate" if asked.wants_speakers else options.channels,
        speakers=_speakers(asked, options.speakers),
        vad=_vad(asked, options.vad),
        model=model.name,
    )
    return options, (*model.receipt, *languages, *prompt, *_without_effect(asked))


def parse_language(name: str, text: str) -> str:
    """Return the code of a language.

    Raises:
        UnknownLanguage: there is none of this name; `field` says which value it was.
    """
    code = known_language(text)
    if code is None:
        raise UnknownLanguage(language=text[:40], known=", ".join(LANGUAGES), field=name)
    return code


def _language(asked: SpeechRequest, models: Models) -> tuple[str, tuple[Applied, ...]]:
    """Return the language to prescribe, empty for the usual one, and what became of the allowed set."""
    allowed = tuple(dict.fromkeys(parse_language("languages", text) for text in asked.languages))
    language = parse_language("language", asked.language) if asked.language else ""
    told = ", ".join(allowed)
    if language and language != AUTO:
        differs = allowed and allowed != (language,)
        return language, (Applied("languages", told, language, LANGUAGE_GIVEN),) if differs else ()
    if len(allowed) <= 1:
        return (allowed[0] if allowed else language), ()
    known = models.languages_in_use()
    is_bound = bool(known) and set(known) <= set(allowed)
    return AUTO, (Applied("languages", told, told if is_bound else AUTO, None if is_bound else LANGUAGES_NOT_BOUND),)


def _hotwords(asked: SpeechRequest) -> tuple[tuple[Hotword, ...], tuple[Applied, ...]]:
    """Return all words to listen for, whatever field they came in, and what became of the prompt."""
    terms = terms_of(asked.prompt)
    found = (
        *_named("keywords", listed_hotwords, asked.keywords),
        *_named("hotwords", _parsed, asked.hotwords),
        *_named("prompt", listed_hotwords, terms),
    )
    receipt = (Applied("prompt", _look(asked.prompt), _look(", ".join(terms)), TERMS_ONLY),) if asked.prompt else ()
    return unique_hotwords(found), receipt


def _named(
    name: str, read: Callable[[Iterable[str]], tuple[Hotword, ...]], values: Iterable[str]
) -> tuple[Hotword, ...]:
    try:
        return read(values)
    except InvalidParameter as error:
        raise InvalidParameter(name=name, reason=error.params["reason"]) from error


def _parsed(texts: Iterable[str]) -> tuple[Hotword, ...]:
    return unique_hotwords(word for text in texts for word in _words(text))


def _words(text: str) -> tuple[Hotword, ...]:
    if not text.startswith("["):
        return parse_hotwords(text)
    return OptionsPatch.of(hotwords=json_list(text)).hotwords or ()


def _speakers(asked: SpeechRequest, usual: str) -> str:
    """Return whether voices are told apart: wherever speakers are wanted, unless the request says how."""
    return AUTOMATIC if asked.wants_speakers and usual == OFF else usual


def _vad(asked: SpeechRequest, usual: VadOptions) -> VadOptions:
    kind = asked.chunking.get("type", "server_vad" if asked.chunking else AUTO)
    if kind not in (AUTO, "server_vad"):
        raise InvalidParameter(name="chunking_strategy", reason=N_("its type is neither auto nor server_vad"))
    changes = {ours: asked.chunking[theirs] for theirs, ours in VAD_MEMBERS.items() if theirs in asked.chunking}
    if kind == AUTO or not changes:
        return usual
    try:
        return _changed(usual, changes)
    except InvalidParameter as error:
        raise InvalidParameter(name="chunking_strategy", reason=error.params["reason"]) from error


def _changed(usual: VadOptions, changes: dict[str, str]) -> VadOptions:
    try:
        numbers = {name: float(value) for name, value in changes.items()}
        whole = {name: int(value) for name, value in numbers.items() if name != "threshold"}
    except (ValueError, OverflowError):
        raise InvalidParameter(name="chunking_strategy", reason=N_("a member of it is not a number")) from None
    patch = OptionsPatch.of(vad=numbers | whole).vad
    return patch.apply(usual) if patch else usual


def _without_effect(asked: SpeechRequest) -> Iterator[Applied]:
    """Tell of what was sent and changes nothing."""
    if asked.temperature:
        yield Applied("temperature", _look(asked.temperature), "0", NOT_SAMPLED)
    if asked.has_known_speakers and not asked.wants_speakers:
        yield Applied("known_speakers", "given", "", FORMAT_HAS_NONE)
    if asked.granularities and asked.response_format is not ResponseFormat.VERBOSE_JSON:
        yield Applied("timestamp_granularities", ", ".join(sorted(asked.granularities)), "", FORMAT_HAS_NONE)
    if asked.wants_logprobs and asked.response_format is not ResponseFormat.JSON:
        yield Applied("include", LOGPROBS, "", FORMAT_HAS_NONE)
    if others := [item for item in asked.include if item != LOGPROBS]:
        yield Applied("include", _look(", ".join(others)), "", NOT_OFFERED)


def _look(text: str) -> str:
    return text if len(text) <= LONGEST_LOOK else text[: LONGEST_LOOK - 1] + "…"
