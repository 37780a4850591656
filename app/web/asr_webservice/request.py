"""What a request in the dialect of whisper-asr-webservice asks for: its parameters, and its file, which may be raw sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.errors.base import N_
from app.domain.errors.clients import TranslationUnavailable
from app.domain.errors.requests import InvalidParameter
from app.domain.reasons import BY_CHANNELS, NOT_OFFERED, ONE_OF
from app.domain.transcript import Applied
from app.services.options import FALSE_WORDS, TRUE_WORDS
from app.store.files.live_wav import UNKNOWN, wav_header
from app.web.forms.client_form import ClientForm
from app.web.forms.file_form import Receiver
from app.web.openai.request import ResponseFormat, SpeechRequest

RAW_RATE = 16_000  # of the samples that come without a header
BYTES_PER_SECOND = 2 * RAW_RATE
MAGIC_BYTES = 12
MAGIC = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3", b"FORM", b".snd", b"caff", b"#!AMR")
"""How files begin that are more than samples, whatever their sender says."""
FILE_FIELD = "audio_file"


class Output(StrEnum):
    """The form of an answer."""

    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    TSV = "tsv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class AsrRequest:
    """One request."""

    speech: SpeechRequest = field(default_factory=SpeechRequest)
    """What it has in common with OpenAI's."""
    output: Output = Output.TXT
    has_words: bool = False
    receipt: tuple[Applied, ...] = ()
    """What has no effect."""


def read_request(values: Iterable[tuple[str, str]]) -> AsrRequest:
    """Read the parameters; what the form names as well counts less.

    Raises:
        InvalidParameter: the value of one has no meaning.
        TranslationUnavailable: a translation is asked for.
    """
    given = {name: value.strip() for name, value in values if value.strip()}
    if given.get("task", "transcribe").lower() == "translate":
        raise TranslationUnavailable
    is_diarized = _switch(given, "diarize") or _switch(given, "enable_diarization")
    speech = SpeechRequest(
        model=given.get("model", ""),
        language=given.get("language", ""),
        hotwords=tuple(filter(None, [given.get("hotwords")])),
        prompt=given.get("initial_prompt", ""),
        response_format=ResponseFormat.DIARIZED_JSON if is_diarized else ResponseFormat.JSON,
        is_kept=_switch(given, "store", is_usual=True),
    )
    return AsrRequest(speech, _output(given), _switch(given, "word_timestamps"), tuple(_without_effect(given)))


def is_encoded(values: Iterable[tuple[str, str]]) -> bool:
    """Return whether the file has a format of its own; otherwise it is samples, 16 bits at 16 kHz.

    Raises:
        InvalidParameter
    """
    return _switch(dict(values), "encode", is_usual=True)


class AsrForm(ClientForm):
    """The form of a request; raw samples get the header of a WAV file before them."""

    def __init__(
        self, receiver: Receiver, limit_bytes: int, *, is_raw: bool, most_seconds: float | None = None
    ) -> None:
        """Of raw samples at most the first `most_seconds` are kept."""
        super().__init__(receiver, limit_bytes, FILE_FIELD)
        self._may_be_raw = is_raw
        self._is_raw = False
        self._lead = bytearray()
        self._left = UNKNOWN if most_seconds is None else int(most_seconds * BYTES_PER_SECOND)

    def part_data(self, data: bytes) -> None:
        if self._field != self.file_field or not self._may_be_raw:
            super().part_data(data)
        elif self._is_raw:
            self._keep(data)
        else:
            self._lead += data
            if len(self._lead) >= MAGIC_BYTES:
                self._begin_sound()

    def end_part(self) -> None:
        if self._field == self.file_field and self._may_be_raw:
            self._begin_sound()
        super().end_part()

    def _begin_sound(self) -> None:
        """Write what was held back, with a header if it has none."""
        lead, self._lead = bytes(self._lead), bytearray()
        if not lead:
            return
        if lead.startswith(MAGIC) or lead[4:8] == b"ftyp":
            self._may_be_raw = False
            super().part_data(lead)
        else:
            self._is_raw = True
            super().part_data(wav_header(RAW_RATE, UNKNOWN))
            self._keep(lead)

    def _keep(self, data: bytes) -> None:
        kept = data[: self._left]
        self._left -= len(kept)
        if kept:
            super().part_data(kept)


def _output(given: dict[str, str]) -> Output:
    try:
        return Output(given.get("output", Output.TXT).lower())
    except ValueError:
        raise InvalidParameter(name="output", reason=ONE_OF.of(values=", ".join(Output))) from None


def _without_effect(given: dict[str, str]) -> Iterator[Applied]:
    for name in ("min_speakers", "max_speakers"):
        if name in given:
            yield Applied(name, given[name][:20], "", BY_CHANNELS)
    if _switch(given, "return_speaker_embeddings"):
        yield Applied("return_speaker_embeddings", "true", "false", NOT_OFFERED)
    if not _switch(given, "vad_filter", is_usual=True):
        yield Applied("vad_filter", "false", "true", NOT_OFFERED)


def _switch(given: dict[str, str], name: str, *, is_usual: bool = False) -> bool:
    word = given.get(name, "").strip().lower()
    if word and word not in TRUE_WORDS + FALSE_WORDS:
        raise InvalidParameter(name=name, reason=N_("it is neither true nor false"))
    return word in TRUE_WORDS if word else is_usual
