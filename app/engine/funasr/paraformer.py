"""Paraformer, BiCifParaformer and SeACo-Paraformer in our own engine: all tokens at once, their words and times.

Times come from CIF (Dong and Xu, 2020): a token starts where the integrated weights reach the next integer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor

from app.domain.errors.base import Reason
from app.domain.errors.models import ModelWeightsMismatch
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.domain.transcript import Word
from app.engine import EngineSpec, Waveform
from app.engine.computing.device import memory_errors_named
from app.engine.computing.precision import place
from app.engine.features.features import pad_waveforms
from app.engine.funasr.family import LFR_TIMES, Placed, Reading, duration
from app.engine.sanm.config import frontend_config
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.paraformer import Paraformer, Spoken
from app.engine.sanm.paraformer_config import ModelConfig, paraformer_config
from app.engine.sanm.seaco import SeacoParaformer

SEGMENTS_FILE = "seg_dict"
CONTINUED = "@@"  # a piece of a Latin word that continues
SPECIAL = re.compile(r"<[^<>]+>")
WIDE = re.compile("[\u2e80-\uffef\U00020000-\U0003134f]")
FIRES_AT = 1 - 1e-4  # of a token's weight: tolerates rounding
LONGEST_TOKEN_SECONDS = 0.24  # what follows is a pause
FINE_DELAY_SECONDS = 0.03  # how late the finer weights fire
SETS_KEPT = 16  # cached hotword sets: the segments of one recording arrive one after the other


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens of a model, and its dictionary that splits words into them."""

    tokens: tuple[str, ...]
    ids: Mapping[str, int]
    segments: Mapping[str, str]
    """Words to their space-separated pieces; empty for a network without hotwords."""

    def pieces_of(self, phrase: str) -> Iterator[str]:
        """Yield the pieces of a phrase: from the dictionary, or else its characters."""
        for part in WIDE.sub(r" \g<0> ", phrase.lower()).split():
            for text in (part,) if part in self.segments or part in self.ids else part:
                yield from self.segments.get(text, text).split()


def place_paraformer(spec: EngineSpec) -> Placed:
    """Load the spec's folder onto its device; see app.engine.funasr.load_engine."""
    network, vocabulary, model = load_paraformer(SanmFolder(spec.model_dir))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    with memory_errors_named():
        placement = place(network, spec.device, spec.dtype, allow_fallback=spec.allow_fallback)
    return Placed(
        family=ParaformerFamily(network, vocabulary, model, placement.device),
        device=placement.device,
        dtype=placement.dtype,
        parameters=parameters,
        receipt=placement.receipt,
        versions=(("torch", str(torch.__version__)),),  # str: its own class would bring torch along
    )


def load_paraformer(files: SanmFolder) -> tuple[Paraformer, Vocabulary, ModelConfig]:
    """Return the network of a folder, on the CPU in single precision, with its vocabulary and special tokens.

    Raises:
        ModelError: see SanmFolder; or the vocabulary is not that of the network.
    """
    config, features = files.shaped(paraformer_config), files.shaped(frontend_config)
    ids = files.tokens()
    segments = _segments(files) if config.hotword_decoder else {}
    frontend = files.frontend(features)

    def build(state: Mapping[str, Tensor]) -> Paraformer:
        head = state.get("decoder.output_layer.weight")
        outputs = len(head) if head is not None and head.dim() else len(ids)
        width = len(frontend.shift_F)
        if config.hotword_decoder:
            return SeacoParaformer(width, config, config.hotword_decoder, outputs)
        return Paraformer(width, config, outputs)

    network = files.load(build)
    named = max(config.model.blank_id, config.model.sos, config.model.eos)
    if len(ids) != network.vocabulary_size or named >= len(ids):
        reason = f"it lists {len(ids)} units, the network has {network.vocabulary_size} outputs"
        raise ModelWeightsMismatch(file=str(files.tokens_file), reason=reason)
    network.frontend = frontend
    return network, Vocabulary(tuple(ids), ids, segments), config.model


def _segments(files: SanmFolder) -> Mapping[str, str]:
    """Parse seg_dict: a word and its pieces per line."""
    file = files.file("tokenizer_conf", "seg_dict_file", SEGMENTS_FILE)
    lines = (line.split(maxsplit=1) for line in files.text(file).splitlines())
    return {line[0]: line[1] for line in lines if len(line) > 1}


class ParaformerFamily:
    """See app.engine.funasr.family.Family."""

    no_times: Reason | None = None
    marks_need_itn = False
    can_batch = True
    searches: Mapping[str, str] = MappingProxyType({})

    def __init__(self, network: Paraformer, vocabulary: Vocabulary, model: ModelConfig, device: torch.device) -> None:
        self._network = network
        self._vocabulary = vocabulary
        self._no_hotword_id = model.sos
        self._silent_ids = {model.blank_id, model.sos, model.eos}
        self._device = device
        self._hotword_vectors = lru_cache(maxsize=SETS_KEPT)(self._encode_hotwords)
        has_hotwords = isinstance(network, SeacoParaformer)
        self.abilities: tuple[str, ...] = ("times", "hotwords") if has_hotwords else ("times",)
        self.languages: Mapping[str, str | None] = {"zh": None}

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        features, lengths = self._network.features(*pad_waveforms(waveforms, self._device))
        spoken = self._with_hotwords(self._network(features, lengths), options.hotwords)
        likeliest = spoken.log_probs_BUV.max(-1)
        tokens, probabilities = likeliest.indices.tolist(), likeliest.values.exp().tolist()
        counts, weights_BT = spoken.predicted.counts_B.tolist(), self._network.fine_weights(spoken).cpu()
        ends = (spoken.lengths_B * self._network.upsampling).tolist()
        return [
            self._reading(tokens[row][:count], probabilities[row][:count], weights_BT[row, : ends[row]], waveform)
            for row, (count, waveform) in enumerate(zip(counts, waveforms, strict=True))
        ]

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        if not isinstance(self._network, SeacoParaformer):
            return ()
        unknown = ((word, self._unknown(word)) for word in hotwords)
        return tuple((word, letters) for word, letters in unknown if letters)

    # Words

    def _reading(
        self, tokens: Sequence[int], probabilities: Sequence[float], weights_T: Tensor, waveform: Waveform
    ) -> Reading:
        heard = [place for place, token in enumerate(tokens) if token not in self._silent_ids]
        pieces = written([self._vocabulary.tokens[tokens[place]] for place in heard])
        times = self._times(weights_T, len(heard), duration(waveform))
        sure = [probabilities[place] for place in heard]
        said = [Word(piece, *time, share) for piece, time, share in zip(pieces, times, sure, strict=True) if piece]
        words = tuple(spelled(joined(said)))
        certainty = sum(token.confidence for token in said) / len(said) if said else None
        return Reading(" ".join(word.text for word in words), words, certainty)

    def _times(self, weights_T: Tensor, count: int, end: float) -> list[tuple[float, float]]:
        """Return start and end of each token: it lasts until the next one fires, but not through a pause.

        The last to fire is the end-of-sentence token, which is not written.
        """
        step = LFR_TIMES.step / self._network.upsampling
        delay = FINE_DELAY_SECONDS if self._network.upsampling > 1 else -LFR_TIMES.edge(0)
        firings = [min(max(frame * step - delay, 0.0), end) for frame in fire(weights_T, count + 1)]
        return [(start, min(after, start + LONGEST_TOKEN_SECONDS)) for start, after in pairwise(firings)]

    # Hotwords

    def _with_hotwords(self, spoken: Spoken, hotwords: tuple[Hotword, ...]) -> Spoken:
        usable = tuple(word.text for word in hotwords if not self._unknown(word))
        if not usable or not isinstance(self._network, SeacoParaformer):
            return spoken
        return self._network.with_hotwords(spoken, self._hotword_vectors(usable))

    def _encode_hotwords(self, phrases: tuple[str, ...]) -> Tensor:
        if not isinstance(self._network, SeacoParaformer):
            raise TypeError("this network knows no hotwords")
        pieces = [[self._vocabulary.ids[piece] for piece in self._vocabulary.pieces_of(phrase)] for phrase in phrases]
        return self._network.encode_hotwords([*pieces, [self._no_hotword_id]])

    def _unknown(self, word: Hotword) -> str:
        """Return the characters that no token can write; names of special tokens do not count as text."""
        pieces, ids = self._vocabulary.pieces_of(word.text), self._vocabulary.ids
        return "".join(piece for piece in pieces if piece not in ids or SPECIAL.fullmatch(piece))


# Times


def fire(weights_T: Tensor, count: int) -> list[int]:
    """Return the frame at which each of `count` tokens fires: where the integrated weights reach its number.

    The weights are scaled to the count first, because the rounded count differs from their sum.
    """
    integral_T = weights_T.double().cumsum(0)
    integral_T = integral_T * (count / integral_T[-1].clamp(min=1e-9))
    numbers_U = torch.arange(1, count + 1, dtype=torch.float64) * FIRES_AT
    firings = torch.searchsorted(integral_T, numbers_U).clamp(max=len(integral_T) - 1)
    return [int(frame) for frame in firings]


# Texts


def written(tokens: Sequence[str]) -> list[str]:
    """Return each token as written, with a space before a Latin word; empty for special tokens."""
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


def spelled(words: Iterable[Word]) -> Iterator[Word]:
    """Yield words, joining individually spelled letters in capitals: `a i` as `AI`."""
    letters: list[Word] = []
    for word in words:
        if len(word.text) == 1 and word.text.isascii() and word.text.isalpha():
            letters.append(word)
            continue
        yield from _abbreviated(letters)
        letters = []
        yield word
    yield from _abbreviated(letters)


def _abbreviated(letters: Sequence[Word]) -> Iterator[Word]:
    if len(letters) < 2:
        yield from letters
        return
    text = "".join(letter.text for letter in letters).upper()
    yield Word(text, letters[0].start, letters[-1].end, min(letter.confidence for letter in letters))
