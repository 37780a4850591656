"""Paraformer and SeACo-Paraformer: an encoder, a predictor of how many tokens there are, a decoder of all at once.

Only the encoder computes several waveforms together: the predictor would look into the padding of its neighbours.
Sources: Gao et al., "Paraformer", 2022; Shi et al., "SeACo-Paraformer", 2023; the timestamps are those of CIF
(Dong and Xu, 2020): a token begins where the integrated weights reach the next whole number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor

from app.engine import RecognitionOptions, Waveform
from app.engine.funasr.family import LFR_TIMES, NO_TIMES, Reading, duration, single_precision, tensors
from app.engine.funasr.loading import Loaded
from app.hotwords import Hotword
from app.transcript import Word

CONTINUED = "@@"  # a piece of a Latin word that goes on
SPECIAL = re.compile(r"<[^<>]+>")
WIDE = re.compile("[\u2e80-\uffef\U00020000-\U0003134f]")
FIRED = 1e-3  # rounding that an integral may lack
LONGEST_TOKEN_SECONDS = 0.24  # what follows is a pause


@dataclass(frozen=True, slots=True)
class _Predicted:
    """One encoded waveform and what the predictor says of it."""

    encoded_1TD: Tensor
    length_1: Tensor
    embeddings_1UD: Tensor
    """One vector for each token to come."""
    count_1: Tensor
    alphas_1T: Tensor
    """How much of a token lies in each frame."""

    @property
    def for_decoder(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.encoded_1TD, self.length_1, self.embeddings_1UD, self.count_1


class Paraformer:
    """See app.engine.funasr.family.Family. Its weights tell when a token is, but too coarsely to be shown."""

    abilities: tuple[str, ...] = ()
    no_times = NO_TIMES
    marks_need_itn = False
    can_batch = True
    searches: Mapping[str, str] = MappingProxyType({})
    step = LFR_TIMES.step  # seconds between two weights, and
    delay = -LFR_TIMES.edge(0)  # how late they fire

    def __init__(self, loaded: Loaded, dtype: str) -> None:
        self.languages: Mapping[str, str | None] = {"zh": None}
        self.dtype = single_precision(dtype)
        self._frontend = loaded.frontend
        self._device = loaded.device
        self._network: Any = loaded.network
        self._tokenizer = loaded.tokenizer

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        encoded_BTD, lengths_B = self._encode(waveforms)
        return [
            self._read_one(encoded_TD[None, : int(length)], length[None], waveform, options)
            for encoded_TD, length, waveform in zip(encoded_BTD, lengths_B, waveforms, strict=True)
        ]

    def unusable(self, _: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        return ()

    def _encode(self, waveforms: Sequence[Waveform]) -> tuple[Tensor, Tensor]:
        from funasr.utils.load_utils import extract_fbank

        features, lengths = extract_fbank(tensors(waveforms), data_type="sound", frontend=self._frontend)
        encoded, encoded_lengths = self._network.encode(features.to(self._device), lengths.to(self._device))
        return encoded, encoded_lengths

    def _read_one(
        self, encoded_1TD: Tensor, length_1: Tensor, waveform: Waveform, options: RecognitionOptions
    ) -> Reading:
        embeddings, sums, alphas, _ = self._network.calc_predictor(encoded_1TD, length_1)
        count = int(sums.round())
        if count < 1:  # FunASR has no answer at all here, not even an empty one
            return Reading("")
        predicted = _Predicted(encoded_1TD, length_1, embeddings, sums.round().long(), alphas)
        best_U = self._decode(predicted, options)[0, :count].max(-1)
        probabilities = best_U.values.exp().tolist()
        times = self._times(predicted, count, duration(waveform))
        pieces = written(self._tokenizer.ids2tokens(best_U.indices.tolist()))
        tokens = [Word(*token) for token in zip(pieces, *times, probabilities, strict=True) if token[0]]
        words = tuple(joined(tokens))
        sure = sum(token.confidence for token in tokens) / len(tokens) if tokens else None
        return Reading(" ".join(word.text for word in words), words, sure)

    def _times(
        self, predicted: _Predicted, count: int, end: float
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return when each token begins and ends: it lasts until the next one fires, but not through a pause."""
        firings = [frame * self.step - self.delay for frame in fire(self._fine_alphas(predicted), count)]
        ends = [min(after, start + LONGEST_TOKEN_SECONDS) for start, after in pairwise((*firings, end))]
        inside = [[min(max(time, 0.0), end) for time in times] for times in (firings, ends)]
        return tuple(inside[0]), tuple(max(pair) for pair in zip(*inside, strict=True))

    def _decode(self, predicted: _Predicted, _: RecognitionOptions) -> Tensor:
        log_probs_1UV, _lengths = self._network.cal_decoder_with_predictor(*predicted.for_decoder)
        return cast("Tensor", log_probs_1UV)

    def _fine_alphas(self, predicted: _Predicted) -> Tensor:
        return predicted.alphas_1T[0]


class SeacoParaformer(Paraformer):
    """Paraformer with a second decoder for hotwords and a finer predictor for times."""

    abilities: tuple[str, ...] = ("times", "hotwords")
    step, delay = 0.02, 0.03

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        unknown = ((word, self._unknown(word)) for word in hotwords)
        return tuple((word, letters) for word, letters in unknown if letters)

    def _decode(self, predicted: _Predicted, options: RecognitionOptions) -> Tensor:
        """Decode with the tokens of the hotwords.

        FunASR's own way to them would take a hotword that begins with http for an address to download a list from,
        and one that ends with .txt for a file.
        """
        decode = self._network._seaco_decode_with_ASF  # noqa: SLF001 - there is no other way past it
        return cast("Tensor", decode(*predicted.for_decoder, hw_list=self._hotword_ids(options.hotwords)))

    def _fine_alphas(self, predicted: _Predicted) -> Tensor:
        found = self._network.calc_predictor_timestamp(
            predicted.encoded_1TD, predicted.length_1, predicted.count_1
        )
        return cast("Tensor", found[2][0])

    # Hotwords

    def _hotword_ids(self, hotwords: Sequence[Hotword]) -> list[list[int]] | None:
        """Return the tokens of each hotword and last those of "no hotword"; None without any."""
        usable = [word for word in hotwords if not self._unknown(word)]
        if not usable:
            return None
        ids = [self._tokenizer.tokens2ids(list(self._tokens(word))) for word in usable]
        return [*ids, [self._network.sos]]

    def _unknown(self, word: Hotword) -> str:
        """Return the characters that no token writes."""
        known = self._tokenizer.token2id
        return "".join(token for token in self._tokens(word) if token not in known)

    def _tokens(self, word: Hotword) -> Iterator[str]:
        """Yield the pieces of a phrase: a part as the model's dictionary writes it, else its characters."""
        pieces = self._tokenizer.seg_dict or {}
        for part in WIDE.sub(r" \g<0> ", word.text.lower()).split():
            for token in (part,) if part in pieces or part in self._tokenizer.token2id else part:
                yield from pieces.get(token, token).split()


# Times


def fire(alphas_T: Tensor, count: int) -> list[int]:
    """Return the frame at which each of `count` tokens fires: where the integral of the weights reaches its number.

    The weights are scaled to the count first, as a rounded number of tokens is not their sum.
    """
    integral_T = alphas_T.cpu().double().cumsum(0)  # Apple's GPUs have no doubles
    integral_T = integral_T * (count / integral_T[-1].clamp(min=1e-9))
    numbers_U = torch.arange(1, count + 1, dtype=torch.float64) - FIRED
    firings = torch.searchsorted(integral_T, numbers_U).clamp(max=len(integral_T) - 1)
    return [int(frame) for frame in firings]


def written(tokens: Sequence[str]) -> list[str]:
    """Return each token as it is written, with a space before a Latin word; nothing for a special one."""
    texts: list[str] = []
    is_open = False
    for token in tokens:
        text = token.removesuffix(CONTINUED)
        is_apart = not is_open and not WIDE.match(text)
        texts.append("" if SPECIAL.fullmatch(token) else " " + text if is_apart else text)
        is_open = token.endswith(CONTINUED)
    return texts


def joined(tokens: Iterable[Word]) -> Iterator[Word]:
    """Yield words: a wide character, or the pieces of a Latin one from a space to the next."""
    word: Word | None = None
    for token in tokens:
        if word and _continues(word.text, token.text):
            confidence = min(word.confidence, token.confidence)
            word = Word(word.text + token.text, word.start, token.end, confidence)
            continue
        if word:
            yield word
        word = replace(token, text=token.text.strip())
    if word:
        yield word


def _continues(before: str, text: str) -> bool:
    return not text.startswith(" ") and not WIDE.match(text) and not WIDE.match(before)
