"""SenseVoiceSmall: one encoder with CTC, prompted by four vectors before the audio.

Source: An et al., "FunAudioLLM", 2024. The vectors ask for language, emotion, event and writing style; the first
four outputs are the answers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from app.engine.computing.linear import LinearLayer
from app.engine.computing.network import Network
from app.engine.conformer.ctc import CtcHead
from app.engine.conformer.inference_optimizer import freeze_linear_layers
from app.engine.sanm.config import EncoderConfig
from app.engine.sanm.encoder import SenseVoiceEncoder
from app.engine.sanm.freezing import freeze_feed_forward
from app.engine.sanm.frontend import LowRateFrontend

LANGUAGE_ROWS = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12}
"""Rows of the question embeddings by language."""
EMOTION_ROW, EVENT_ROW = 1, 2
STYLE_ROWS = {True: 14, False: 15}
"""By whether to write digits and punctuation."""
ROWS = 16
QUESTIONS = 4


class SenseVoiceSmall(Network):
    """`encoder`, `ctc` and `embed` under FunASR's names."""

    frontend: LowRateFrontend

    def __init__(self, in_width: int, config: EncoderConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.encoder = SenseVoiceEncoder(in_width, config)
        self.ctc = CtcHead(config.output_size, vocabulary_size)
        self.embed = nn.Embedding(ROWS, in_width)

    def forward(
        self, features_BTF: Tensor, lengths_B: Tensor, languages: Sequence[str], itn: Sequence[bool]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return encoded frames (B, 4 + T, D), log-probabilities (B, 4 + T, V) and lengths (B,), the answers first.

        Args:
            features_BTF: from the front end.
            lengths_B: frames of each row.
            languages: of each row, a key of LANGUAGE_ROWS.
            itn: of each row, whether to write digits and punctuation.
        """
        rows = [
            [LANGUAGE_ROWS[language], EMOTION_ROW, EVENT_ROW, STYLE_ROWS[digits]]
            for language, digits in zip(languages, itn, strict=True)
        ]
        questions_BQF = self.embed(torch.tensor(rows, device=features_BTF.device)).float()
        lengths_B = lengths_B + QUESTIONS
        encoded_BTD = self.encoder(torch.cat((questions_BQF, features_BTF), 1), lengths_B)
        return encoded_BTD, self.ctc(encoded_BTD), lengths_B

    # See Network

    def features(self, waveforms_BS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        return self.frontend(waveforms_BS, lengths_B)

    def log_probs(self, features_BTF: Tensor, lengths_B: Tensor) -> Tensor:
        count = len(lengths_B)
        return self(features_BTF, lengths_B, ["auto"] * count, [True] * count)[1]

    @property
    def dtype(self) -> torch.dtype:
        return self.encoder.after_norm.weight.dtype

    def change(self, device: torch.device, dtype: torch.dtype) -> None:
        self.to(device=device)
        for part in (self.encoder, self.ctc, self.embed):  # not the front end: rounding it cannot be undone
            part.to(dtype=dtype)

    def freeze(self, linear: LinearLayer) -> None:
        self.requires_grad_(requires_grad=False)
        freeze_feed_forward(self, linear)
        freeze_linear_layers(self, linear)
