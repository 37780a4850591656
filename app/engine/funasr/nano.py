"""Fun-ASR-Nano and its multilingual sister: an encoder whose frames a language model continues as text.

Language, hotwords and ITN are part of its prompt. Times come from a CTC head that not all published weights have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from app.domain.errors.base import Reason
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.domain.reasons import LLM_ONLY, NO_CTC, NO_TIMES, REPEATS_LEFT_OUT, TIMES_LOST
from app.domain.transcript import Applied
from app.engine import EngineSpec, Waveform
from app.engine.computing.device import choose_device, memory_errors_named
from app.engine.features.features import pad_waveforms
from app.engine.funasr.family import Placed, Reading, duration, read_from_frames, single_precision
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.nano.generation import run_at_end
from app.engine.sanm.nano.nano import Nano, asked_in_words, load_nano
from app.engine.tokens.alignment import TokenSpan, align

NANO_LANGUAGES = {"zh": "中文", "en": "英文", "ja": "日文"}
MULTILINGUAL_LANGUAGES = {
    **NANO_LANGUAGES,
    "yue": "粤语",
    "ko": "韩文",
    "vi": "越南语",
    "id": "印尼语",
    "th": "泰语",
    "ms": "马来语",
    "fil": "菲律宾语",
    "ar": "阿拉伯语",
    "hi": "印地语",
    "bg": "保加利亚语",
    "hr": "克罗地亚语",
    "cs": "捷克语",
    "da": "丹麦语",
    "nl": "荷兰语",
    "et": "爱沙尼亚语",
    "fi": "芬兰语",
    "el": "希腊语",
    "hu": "匈牙利语",
    "ga": "爱尔兰语",
    "lv": "拉脱维亚语",
    "lt": "立陶宛语",
    "mt": "马耳他语",
    "pl": "波兰语",
    "pt": "葡萄牙语",
    "ro": "罗马尼亚语",
    "sk": "斯洛伐克语",
    "sl": "斯洛文尼亚语",
    "sv": "瑞典语",
}
MULTILINGUAL = "mlt-nano"  # in the folder's path: both have the same configuration
TAG = re.compile(r"<\|[^<>|]*\|>|/sil")
UNWRITABLE = frozenset(map(chr, (*range(9), *range(14, 32), 127, 0xFFFD)))  # control characters, broken bytes
MOST_TOKENS_PER_SECOND = 16  # twice the fastest speech
MOST_TOKENS_ANYWAY = 16
RESERVED = ("<|", "|>", "\n")  # in a prompt these would reference an audio file, or end it early
LLM_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def place_nano(spec: EngineSpec) -> Placed:
    """Load the spec's folder onto its device; see app.engine.funasr.load_engine."""
    nano = load_nano(SanmFolder(spec.model_dir))
    choice = choose_device(spec.device, allow_fallback=spec.allow_fallback)
    parameters = sum(parameter.numel() for parameter in nano.network.parameters())
    dtype, line = _llm_dtype(spec.dtype, choice.device)
    with memory_errors_named():
        nano.network.prepare(choice.device, dtype)
    return Placed(
        family=NanoFamily(nano, _languages(spec.model_dir), choice.device),
        device=choice.device,
        dtype=line.applied,
        parameters=parameters,
        receipt=(*choice.receipt, line),
        versions=(("torch", str(torch.__version__)),),  # str: its own class would bring torch along
    )


class NanoFamily:
    """See app.engine.funasr.family.Family."""

    marks_need_itn = False
    can_batch = True
    searches: Mapping[str, str] = MappingProxyType({})

    def __init__(self, nano: Nano, languages: Mapping[str, str | None], device: torch.device) -> None:
        self._nano = nano
        self._device = device
        self.languages = languages
        self.no_times: Reason | None = NO_CTC if nano.network.config.ctc_decoder else NO_TIMES
        times = ("times",) if nano.ctc_vocabulary else ()
        self.abilities: tuple[str, ...] = (*times, "hotwords", "itn", "punctuation")

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        network = self._nano.network
        encoded, lengths = network.encode(*pad_waveforms(waveforms, self._device))
        texts = self._write(network.sound_vectors(encoded, lengths), waveforms, options)
        if not self._nano.ctc_vocabulary:
            return [self._reading(tokens, None, waveform) for tokens, waveform in zip(texts, waveforms, strict=True)]
        log_probs = network.ctc_log_probs(encoded, lengths)
        rows = zip(texts, log_probs, lengths.tolist(), waveforms, strict=True)
        return [
            self._reading(tokens, log_probs_TV[:length], waveform) for tokens, log_probs_TV, length, waveform in rows
        ]

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        marked = ((word, " ".join(mark for mark in RESERVED if mark in word.text)) for word in hotwords)
        return tuple((word, marks.replace("\n", "\\n")) for word, marks in marked if marks)

    def _write(
        self, sounds: Sequence[Tensor], waveforms: Sequence[Waveform], options: RecognitionOptions
    ) -> list[list[int]]:
        """Return the tokens of each text."""
        lost = {word for word, _ in self.unusable(options.hotwords)}
        hotwords = [word.text for word in options.hotwords if word not in lost]
        asked = asked_in_words(hotwords, self.languages.get(options.language), itn=options.itn)
        texts: list[list[int]] = [[] for _ in waveforms]
        for texts in self._nano.write(sounds, asked, list(map(_most_tokens, waveforms))):  # noqa: B007 - the last counts
            pass
        return texts

    def _reading(self, tokens: Sequence[int], log_probs_TV: Tensor | None, waveform: Waveform) -> Reading:
        repeated = run_at_end(tokens)
        text = clean(self._nano.text(tokens[: len(tokens) - repeated]))
        reading = Reading(text) if log_probs_TV is None else self._timed(text, log_probs_TV, waveform)
        if not repeated:
            return reading
        return replace(reading, facts=(*reading.facts, Applied("repeats", "", "", REPEATS_LEFT_OUT)))

    def _timed(self, text: str, log_probs_TV: Tensor, waveform: Waveform) -> Reading:
        vocabulary = self._nano.ctc_vocabulary
        tokens = vocabulary.encode(text) if vocabulary else []
        if not vocabulary or not tokens:
            return Reading(text)
        try:
            spans = align(log_probs_TV, tokens, self._nano.network.config.blank_id)
        except ValueError:  # the language model continued on its own
            return Reading(text, facts=(Applied("times", "on", "off", TIMES_LOST),))
        pieces, joined = _whole_characters(tokens, spans, vocabulary.decode)
        reading = read_from_frames(text, pieces, joined, waveform)
        is_faithful = "".join(word.text for word in reading.words) == "".join(text.split())
        return replace(reading, is_written=True, words=reading.words if is_faithful else ())


def clean(text: str) -> str:
    """Return the text without tags and invalid characters, and with single spaces."""
    untagged = TAG.sub(" ", text)
    return " ".join("".join(letter for letter in untagged if letter not in UNWRITABLE).split())


def _most_tokens(waveform: Waveform) -> int:
    """Return the maximum number of tokens."""
    return MOST_TOKENS_ANYWAY + round(MOST_TOKENS_PER_SECOND * duration(waveform))


def _languages(folder: Path) -> Mapping[str, str | None]:
    is_multilingual = MULTILINGUAL in str(folder.resolve()).lower()
    return MULTILINGUAL_LANGUAGES if is_multilingual else NANO_LANGUAGES


def _llm_dtype(asked: str, device: torch.device) -> tuple[torch.dtype, Applied]:
    """Return the precision of the language model, and the receipt line."""
    dtype = "bfloat16" if asked == "auto" and device.type == "cuda" else asked
    if dtype == "bfloat16" or (dtype == "float16" and device.type == "cuda"):
        return LLM_DTYPES[dtype], Applied("dtype", asked, dtype, LLM_ONLY)
    return torch.float32, single_precision(asked)


def _whole_characters(
    tokens: Sequence[int], spans: Sequence[TokenSpan], decode: Callable[[Sequence[int]], str]
) -> tuple[tuple[str, ...], tuple[TokenSpan, ...]]:
    """Merge tokens that are only bytes of a character with those that complete it."""
    pieces: list[str] = []
    joined: list[TokenSpan] = []
    first = 0
    for index in range(len(tokens)):
        text = decode(tokens[first : index + 1])
        if text.endswith("\ufffd") and index + 1 < len(tokens):
            continue
        group = spans[first : index + 1]
        pieces.append(text)
        joined.append(TokenSpan(group[0].start_frame, group[-1].end_frame, min(span.probability for span in group)))
        first = index + 1
    return tuple(pieces), tuple(joined)
