"""The whole network: encoder, CTC head and attention decoders. It knows features and token ids, not text."""

from __future__ import annotations

from torch import Tensor, nn

from app.engine.conformer.config import ConformerConfig
from app.engine.conformer.ctc import CtcHead
from app.engine.conformer.decoder import BiTransformerDecoder, TransformerDecoder, decoder
from app.engine.conformer.encoder import Encoder


class Conformer(nn.Module):
    """`encoder`, `ctc` and `decoder` under WeNet's names; `decoder` is None in a network with CTC alone."""

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
