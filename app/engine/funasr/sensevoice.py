"""SenseVoiceSmall: one encoder with CTC that writes punctuation and digits by itself.

Its tags of language, emotion and event are no text: no unit of that spelling is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from app.engine import RecognitionOptions, Waveform
from app.engine.alignment import TokenSpan
from app.engine.funasr.family import Reading, read_from_frames, single_precision, tensors
from app.engine.funasr.loading import Loaded
from app.engine.tokenizer import Tokenizer
from app.hotwords import Hotword

LANGUAGES = {code: code for code in ("zh", "yue", "en", "ja", "ko")}
BLANK_ID = 0
QUERIES = 4  # outputs for language, emotion, event and text norm, before those of the sound


class SenseVoice:
    """See app.engine.funasr.family.Family."""

    abilities: tuple[str, ...] = ("times", "itn", "punctuation")
    no_times = ""
    marks_need_itn = True
    can_batch = True

    def __init__(self, loaded: Loaded, dtype: str) -> None:
        self._loaded = loaded
        self.languages: Mapping[str, str | None] = LANGUAGES
        self.dtype = single_precision(dtype)
        pieces = loaded.tokenizer.sp
        self._tokenizer = Tokenizer(tuple(pieces.id_to_piece(id) for id in range(pieces.get_piece_size())))

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        language = self.languages.get(options.language, "auto")
        with self._heard() as heard:
            self._loaded.auto.generate(
                tensors(waveforms), batch_size=len(waveforms), language=language, use_itn=options.itn
            )
        logits_BTV, lengths_B = heard["logits"], heard["lengths"]
        return [
            self._reading(logits_TV[: int(length)].float().log_softmax(-1), waveform)
            for logits_TV, length, waveform in zip(logits_BTV, lengths_B, waveforms, strict=True)
        ]

    def unusable(self, _: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        return ()

    @contextmanager
    def _heard(self) -> Iterator[dict[str, Any]]:
        """Listen to what the network computes: its own result has lost the frames, and its own alignment can fail."""
        heard: dict[str, Any] = {}
        network: Any = self._loaded.network
        listeners = (
            network.encoder.register_forward_hook(lambda *call: heard.update(lengths=call[2][1])),
            network.ctc.ctc_lo.register_forward_hook(lambda *call: heard.update(logits=call[2])),
        )
        try:
            yield heard
        finally:
            for listener in listeners:
                listener.remove()

    def _reading(self, log_probs_TV: Tensor, waveform: Waveform) -> Reading:
        found = zip(*collapse(log_probs_TV, BLANK_ID), strict=True)
        shown = [(token, _after_queries(span)) for token, span in found if self._tokenizer.written(token)]
        text = self._tokenizer.decode(token for token, _ in shown)
        pieces = [self._tokenizer.written(token) for token, _ in shown]
        return read_from_frames(text, pieces, [span for _, span in shown], waveform)


def collapse(log_probs_TV: Tensor, blank_id: int) -> tuple[list[int], list[TokenSpan]]:
    """Return the likeliest token of each run of frames that is not blank, and the frames."""
    best = log_probs_TV.max(-1)
    ids, probabilities = best.indices.tolist(), best.values.exp().tolist()
    tokens: list[int] = []
    spans: list[TokenSpan] = []
    start = 0
    for frame in range(1, len(ids) + 1):
        if frame < len(ids) and ids[frame] == ids[start]:
            continue
        if ids[start] != blank_id:
            tokens.append(ids[start])
            spans.append(TokenSpan(start, frame, max(probabilities[start:frame])))
        start = frame
    return tokens, spans


def _after_queries(span: TokenSpan) -> TokenSpan:
    return TokenSpan(max(0, span.start_frame - QUERIES), max(1, span.end_frame - QUERIES), span.probability)
