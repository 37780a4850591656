"""Paraformer: an encoder, a predictor of the number of tokens, and a decoder for all of them at once.

Source: Gao et al., "Paraformer", 2022. With the finer predictor it is BiCifParaformer; with the decoder of seaco.py
on top it is SeACo-Paraformer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.engine.computing.linear import LinearLayer
from app.engine.computing.network import Network
from app.engine.conformer.inference_optimizer import freeze_linear_layers
from app.engine.sanm.decoder import SanmDecoder
from app.engine.sanm.encoder import SanmEncoder
from app.engine.sanm.freezing import freeze_feed_forward
from app.engine.sanm.frontend import LowRateFrontend
from app.engine.sanm.paraformer_config import FinePredictorConfig, ParaformerConfig
from app.engine.sanm.predictor import CifPredictor, FineCifPredictor, Predicted

FRAMES_PER_TOKEN = 3  # in fluent speech


@dataclass(frozen=True, slots=True)
class Spoken:
    """The network's output for a batch."""

    encoded_BTD: Tensor
    lengths_B: Tensor
    predicted: Predicted
    hidden_BUD: Tensor
    log_probs_BUV: Tensor


class Paraformer(Network):
    """`encoder`, `predictor` and `decoder` under FunASR's names."""

    frontend: LowRateFrontend

    def __init__(self, in_width: int, config: ParaformerConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.encoder = SanmEncoder(in_width, config.encoder)
        fine = config.predictor
        self.predictor = FineCifPredictor(fine) if isinstance(fine, FinePredictorConfig) else CifPredictor(fine)
        self.decoder = SanmDecoder(config.encoder.output_size, config.decoder, vocabulary_size)

    def forward(self, features_BTF: Tensor, lengths_B: Tensor, counts_B: Tensor | None = None) -> Spoken:
        """Recognise a batch.

        Args:
            features_BTF: from the front end.
            lengths_B: frames of each row.
            counts_B: tokens of each row; None to use the predictor's.
        """
        encoded_BTD = self.encoder(features_BTF, lengths_B)
        predicted = self.predictor(encoded_BTD, lengths_B, counts_B)
        tokens_BUD = predicted.tokens_BUD.to(encoded_BTD.dtype)
        if not tokens_BUD.shape[1]:
            nothing_BUV = features_BTF.new_zeros(len(lengths_B), 0, self.vocabulary_size)
            return Spoken(encoded_BTD, lengths_B, predicted, tokens_BUD, nothing_BUV)
        hidden_BUD = self.decoder(tokens_BUD, predicted.counts_B, encoded_BTD, lengths_B)
        log_probs_BUV = self.decoder.output_layer(hidden_BUD).float().log_softmax(-1)
        return Spoken(encoded_BTD, lengths_B, predicted, hidden_BUD, log_probs_BUV)

    def fine_weights(self, spoken: Spoken) -> Tensor:
        """Return the weights that time the tokens; see FineCifPredictor."""
        return self.predictor.fine_weights(spoken.encoded_BTD, spoken.lengths_B, spoken.predicted)

    @property
    def upsampling(self) -> int:
        """Return the number of `fine_weights` per frame."""
        return self.predictor.upsampling

    # See Network

    def features(self, waveforms_BS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        return self.frontend(waveforms_BS, lengths_B)

    def log_probs(self, features_BTF: Tensor, lengths_B: Tensor) -> Tensor:
        """Return (B, U, V) for a token count independent of precision: a sum of weights may be close to an integer."""
        return self(features_BTF, lengths_B, (lengths_B // FRAMES_PER_TOKEN).clamp(min=1)).log_probs_BUV

    @property
    def dtype(self) -> torch.dtype:
        return self.encoder.after_norm.weight.dtype

    def change(self, device: torch.device, dtype: torch.dtype) -> None:
        self.to(device=device)
        for part in self._rounded_parts():
            part.to(dtype=dtype)

    def freeze(self, linear: LinearLayer) -> None:
        self.requires_grad_(requires_grad=False)
        for part in self._rounded_parts():
            freeze_feed_forward(part, linear)
            freeze_linear_layers(part, linear)
        self.eval()

    def _rounded_parts(self) -> tuple[nn.Module, ...]:
        """Return the parts that may use lower precision; predictor and features always use single precision."""
        return self.encoder, self.decoder
