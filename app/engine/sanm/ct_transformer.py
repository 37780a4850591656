"""CT-Transformer: predicts the punctuation after each token, processing long texts in windows.

Source: Chen et al., "Controllable Time-Delay Transformer for Real-Time Punctuation Prediction and Disfluency
Detection", 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from app.engine.conformer.config_values import UnsupportedConfig, positive, require, section_of, token_id
from app.engine.sanm.config import EncoderConfig, encoder_config
from app.engine.sanm.encoder import SanmEncoder

NO_MARK = "_"
COMMA = "，"
SENTENCE_ENDS = frozenset("。？")
ENDINGS = SENTENCE_ENDS | frozenset(".?")  # endings of a token that need no full stop
WINDOW = 20
"""New tokens per window, besides those of the unfinished sentence."""
LONGEST_SENTENCE = 200
"""Tokens after which a sentence is ended at its last comma."""
FIRST_END = 2
"""The first token of a window after which its first sentence may end, counted from 0."""


@dataclass(frozen=True, slots=True)
class PunctuationConfig:
    """The network's configuration in config.yaml."""

    encoder: EncoderConfig
    marks: tuple[str, ...]
    """By output index."""
    sentence_end: str
    """The mark used to force the end of a text or sentence."""
    embedding_width: int


def punctuation_config(config: Mapping[str, Any]) -> PunctuationConfig:
    """Return the configuration, or raise UnsupportedConfig."""
    require(config.get("encoder"), ("SANMEncoder",), "encoder")
    values = section_of(config, "model_conf")
    marks = values.get("punc_list")
    if not isinstance(marks, list) or not marks or not all(isinstance(mark, str) for mark in marks):
        raise UnsupportedConfig("model_conf: punc_list is no list of marks")
    width = positive(values, "embed_unit")
    shape = dict(section_of(config, "encoder_conf"))
    require(shape.pop("input_size", width), (width,), "encoder_conf: input_size")
    encoder = encoder_config({"encoder_conf": shape})
    require(values.get("att_unit", encoder.output_size), (encoder.output_size,), "model_conf: att_unit")
    end = token_id(values, "sentence_end_id", 3, len(marks))
    return PunctuationConfig(encoder, tuple(marks), marks[end], width)


class CtTransformer(nn.Module):
    """`embed`, `encoder` and `decoder` as named by FunASR."""

    def __init__(self, vocabulary_size: int, config: PunctuationConfig) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary_size, config.embedding_width)
        self.encoder = SanmEncoder(config.embedding_width, config.encoder)
        self.decoder = nn.Linear(config.encoder.output_size, len(config.marks))

    def forward(self, tokens_BU: Tensor, lengths_B: Tensor) -> Tensor:
        """Return scores (B, U, marks)."""
        return self.decoder(self.encoder(self.embed(tokens_BU), lengths_B))


def read_in_windows(
    tokens: Sequence[int], predict: Callable[[Sequence[int]], Sequence[str]], sentence_end: str
) -> list[str]:
    """Return the mark after each token.

    Each window contains the next tokens, preceded by those of the unfinished sentence, whose marks are predicted again.

    Args:
        tokens: the whole text.
        predict: returns the mark after each token of a window.
        sentence_end: the mark that ends an overlong sentence.
    """
    marks: list[str] = []
    open_sentence: Sequence[int] = ()
    for start in range(0, len(tokens), WINDOW):
        window = [*open_sentence, *tokens[start : start + WINDOW]]
        found = predict(window)
        if start + WINDOW >= len(tokens):
            return [*marks, *found]
        finished = _finished(found, sentence_end)
        marks += finished
        open_sentence = window[len(finished) :]
    return marks


def _finished(marks: Sequence[str], sentence_end: str) -> list[str]:
    """Return the marks up to the end of the last settled sentence; the final one may still change."""
    places = range(FIRST_END, len(marks) - 1)
    ends = [place for place in places if marks[place] in SENTENCE_ENDS]
    if ends:
        return list(marks[: ends[-1] + 1])
    commas = [place for place in places if marks[place] == COMMA]
    if len(marks) > LONGEST_SENTENCE and commas:
        return [*marks[: commas[-1]], sentence_end]
    return []


def ended(tokens: Sequence[str], marks: Sequence[str], sentence_end: str) -> list[str]:
    """Return the marks with a sentence end after the last token, unless present."""
    if not marks:
        return []
    *others, last = marks
    is_ended = last in SENTENCE_ENDS or (last == NO_MARK and tokens[-1][-1] in ENDINGS)
    return [*others, last if is_ended else sentence_end]
