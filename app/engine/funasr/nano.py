"""Fun-ASR-Nano and its multilingual sister: an encoder whose frames a language model continues as text.

Language, hotwords and ITN are words of its prompt. Times come from a CTC head that not all published weights have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from app.engine import RecognitionOptions, Waveform
from app.engine.alignment import TokenSpan, align
from app.engine.funasr.family import NO_TIMES, Reading, duration, read_from_frames, single_precision, tensors
from app.engine.funasr.loading import Loaded
from app.errors import N_
from app.hotwords import Hotword
from app.transcript import Applied

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
MULTILINGUAL = "mlt-nano"  # in the path of the folder: the two have the same configuration
TAG = re.compile(r"<\|[^<>|]*\|>|/sil")
UNWRITABLE = frozenset(map(chr, (*range(9), *range(14, 32), 127, 0xFFFD)))  # control characters, broken bytes
MOST_TOKENS_PER_SECOND = 16  # twice the fastest speech
MOST_TOKENS_ANYWAY = 16
RESERVED = ("<|", "|>", "\n")  # a prompt with these would name a file to hear, or end early
NO_CTC = N_("These weights lack the part that gives times; those on ModelScope have it.")
TIMES_LOST = N_("The model wrote more than the sound can hold, so this text has no times.")
LLM_ONLY = N_("Only the language model computes in half precision, the encoder in single.")
LLM_DTYPES = {"bfloat16": "bf16", "float16": "fp16"}


class Nano:
    """See app.engine.funasr.family.Family."""

    marks_need_itn = False
    searches: Mapping[str, str] = MappingProxyType({})

    def __init__(self, loaded: Loaded, dtype: str) -> None:
        self._loaded = loaded
        self._network: Any = loaded.network
        has_times = self._network.ctc_decoder is not None
        self.languages: Mapping[str, str | None] = _languages(loaded)
        self.abilities: tuple[str, ...] = (
            *(("times",) if has_times else ()),
            "hotwords",
            "itn",
            "punctuation",
        )
        self.no_times = NO_CTC if loaded.lacks_optional else NO_TIMES
        # FunASR aligns one waveform at a time; on a CPU there is nothing to gain, and every batch reads a bit otherwise
        self.can_batch = not has_times and loaded.device.type != "cpu"
        self._llm_dtype, self.dtype = _llm_dtype(dtype, loaded.device)

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        if not self.can_batch:
            return [reading for waveform in waveforms for reading in self._read([waveform], options)]
        return self._read(waveforms, options)

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        marked = ((word, " ".join(mark for mark in RESERVED if mark in word.text)) for word in hotwords)
        return tuple((word, marks.replace("\n", "\\n")) for word, marks in marked if marks)

    def _read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        with self._heard() as heard:
            results = self._loaded.auto.generate(
                tensors(waveforms),
                batch_size=len(waveforms),
                hotwords=self._prompted(options.hotwords),
                language=self.languages.get(options.language),
                itn=options.itn,
                llm_dtype=self._llm_dtype,
                llm_kwargs={"do_sample": False},  # a model folder may ask for dice
                max_length=_most_tokens(waveforms),
            )
        return [
            self._reading(clean(result["text"]), heard.get("logits"), waveform)
            for result, waveform in zip(results, waveforms, strict=True)
        ]

    def _prompted(self, hotwords: Sequence[Hotword]) -> list[str]:
        """Return a list: FunASR would take a text letter by letter."""
        lost = {word for word, _ in self.unusable(hotwords)}
        return [word.text for word in hotwords if word not in lost]

    # Times

    @contextmanager
    def _heard(self) -> Iterator[dict[str, Tensor]]:
        """Listen to the CTC head, if there is one."""
        heard: dict[str, Tensor] = {}
        if self._network.ctc_decoder is None:
            yield heard
            return
        listener = self._network.ctc.ctc_lo.register_forward_hook(lambda *call: heard.update(logits=call[2]))
        try:
            yield heard
        finally:
            listener.remove()

    def _reading(self, text: str, logits_1TV: Tensor | None, waveform: Waveform) -> Reading:
        tokens = self._network.ctc_tokenizer.encode(text) if logits_1TV is not None else []
        if logits_1TV is None or not tokens:
            return Reading(text)
        try:
            spans = align(logits_1TV[0].float().log_softmax(-1), tokens, self._network.blank_id)
        except ValueError:  # the language model went on by itself
            return Reading(text, facts=(Applied("times", "on", "off", TIMES_LOST),))
        pieces, joined = _whole_characters(tokens, spans, self._network.ctc_tokenizer.decode)
        reading = read_from_frames(text, pieces, joined, waveform)
        is_faithful = "".join(word.text for word in reading.words) == "".join(text.split())
        return replace(reading, is_written=True, words=reading.words if is_faithful else ())


def clean(text: str) -> str:
    """Return the text without tags, without what is no character, and with single spaces."""
    untagged = TAG.sub(" ", text)
    return " ".join("".join(letter for letter in untagged if letter not in UNWRITABLE).split())


def _most_tokens(waveforms: Sequence[Waveform]) -> int:
    """Return how long the text may become: a language model that has lost the sound repeats itself without end."""
    return MOST_TOKENS_ANYWAY + round(MOST_TOKENS_PER_SECOND * max(map(duration, waveforms)))


def _languages(loaded: Loaded) -> Mapping[str, str | None]:
    is_multilingual = MULTILINGUAL in str(loaded.folder.resolve()).lower()
    return MULTILINGUAL_LANGUAGES if is_multilingual else NANO_LANGUAGES


def _llm_dtype(asked: str, device: torch.device) -> tuple[str, Applied]:
    """Return FunASR's name of the precision of the language model, and the line of the receipt."""
    dtype = "bfloat16" if asked == "auto" and device.type == "cuda" else asked
    if dtype == "bfloat16" or (dtype == "float16" and device.type == "cuda"):
        return LLM_DTYPES[dtype], Applied("dtype", asked, dtype, LLM_ONLY)
    return "fp32", single_precision(asked)


def _whole_characters(
    tokens: Sequence[int], spans: Sequence[TokenSpan], decode: Any
) -> tuple[tuple[str, ...], tuple[TokenSpan, ...]]:
    """Join tokens that are only bytes of a character to those that complete it."""
    pieces: list[str] = []
    joined: list[TokenSpan] = []
    first = 0
    for index in range(len(tokens)):
        text = decode(list(tokens[first : index + 1]))
        if text.endswith("\ufffd") and index + 1 < len(tokens):
            continue
        group = spans[first : index + 1]
        pieces.append(text)
        joined.append(
            TokenSpan(group[0].start_frame, group[-1].end_frame, min(span.probability for span in group))
        )
        first = index + 1
    return tuple(pieces), tuple(joined)
