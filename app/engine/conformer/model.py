"""The whole network: encoder, CTC head and attention decoders. It deals with features and token ids, not text."""

from __future__ import annotations

import copy
from typing import Self

import torch
from torch import Tensor

from app.engine.computing.linear import LinearLayer
from app.engine.computing.network import Network
from app.engine.conformer.config import ConformerConfig
from app.engine.conformer.ctc import CtcHead
from app.engine.conformer.decoder import BiTransformerDecoder, TransformerDecoder, decoder
from app.engine.conformer.encoder import Encoder
from app.engine.conformer.inference_optimizer import freeze
from app.engine.features.features import front_end


class Conformer(Network):
    """`encoder`, `ctc` and `decoder` as named by WeNet; `decoder` is None in a CTC-only network."""

    decoder: TransformerDecoder | BiTransformerDecoder | None

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.config = config
        width, size = config.encoder.output_size, config.vocabulary_size
        self.encoder = Encoder(config.input_dim, config.encoder, cmvn=config.cmvn)
        self.ctc = CtcHead(width, size)
        self.decoder = decoder(size, width, config.decoder) if config.decoder else None

    def forward(self, features_BTF: Tensor, feature_lengths_B: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return encoded frames (B, T', D), CTC log-probabilities (B, T', V) and their lengths (B,)."""
        encoded_BTD, lengths_B = self.encoder(features_BTF, feature_lengths_B)
        return encoded_BTD, self.ctc(encoded_BTD), lengths_B

    @property
    def forward_decoder(self) -> TransformerDecoder | None:
        """The decoder that reads from the first token to the last."""
        return self.decoder.left_decoder if isinstance(self.decoder, BiTransformerDecoder) else self.decoder

    @property
    def backward_decoder(self) -> TransformerDecoder | None:
        """The decoder that reads from the last token to the first."""
        return self.decoder.right_decoder if isinstance(self.decoder, BiTransformerDecoder) else None

    # See Network

    def features(self, waveforms_BS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        compute = front_end(self.config.features, self.config.input_dim).to(waveforms_BS.device)
        return compute(waveforms_BS, lengths_B)

    def log_probs(self, features_BTF: Tensor, lengths_B: Tensor) -> Tensor:
        return self(features_BTF, lengths_B)[1]

    @property
    def dtype(self) -> torch.dtype:
        return self.encoder.after_norm.weight.dtype

    def change(self, device: torch.device, dtype: torch.dtype) -> None:
        normalisation, self.encoder.global_cmvn = self.encoder.global_cmvn, None
        self.to(device=device, dtype=dtype)  # which would round it, too
        if normalisation is not None:
            self.encoder.global_cmvn = normalisation.to(device=device)

    def freeze(self, linear: LinearLayer) -> None:
        freeze(self, self.config.encoder, linear)

    def trial_copy(self) -> Self:
        """Return a copy without the decoder, which would cost time without adding evidence."""
        decoder, self.decoder = self.decoder, None
        try:
            return copy.deepcopy(self)
        finally:
            self.decoder = decoder
