"""SeACo-Paraformer: Paraformer with a second decoder that knows the hotwords, and overrides tokens where one is said.

Source: Shi et al., "SeACo-Paraformer", 2023. An LSTM encodes each hotword as a vector; of many, only those
that the second decoder attends to most are used (attention score filtering).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from app.engine.computing.linear import LinearLayer
from app.engine.sanm.decoder import SanmDecoder
from app.engine.sanm.paraformer import Paraformer, Spoken
from app.engine.sanm.paraformer_config import DecoderConfig, ParaformerConfig

MOST_HOTWORDS = 50  # per row
SCORING_BLOCK = 5  # of the second decoder, from 0: its attention selects them
LSTM_LAYERS = 2


class SeacoParaformer(Paraformer):
    """Adds `bias_encoder`, `seaco_decoder` and `hotword_output_layer` to Paraformer."""

    def __init__(self, in_width: int, config: ParaformerConfig, decoder: DecoderConfig, vocabulary_size: int) -> None:
        super().__init__(in_width, config, vocabulary_size)
        width = config.encoder.output_size
        self.no_hotword_id = config.model.NO_BIAS
        self.bias_encoder = nn.LSTM(
            width, width, LSTM_LAYERS, batch_first=True, bidirectional=config.model.bias_encoder_bid
        )
        self.lstm_proj = nn.Linear(2 * width, width) if config.model.bias_encoder_bid else None
        self.seaco_decoder = SanmDecoder(width, decoder, vocabulary_size)
        self.hotword_output_layer = nn.Linear(width, vocabulary_size)

    def encode_hotwords(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Return a vector for each hotword (N, D), in single precision.

        Args:
            tokens: of each hotword, not empty; the last one means "no hotword".
        """
        device = next(self.bias_encoder.parameters()).device
        lengths = torch.tensor([len(ids) for ids in tokens])
        padded_NU = pad_sequence([torch.tensor(ids) for ids in tokens], batch_first=True).to(device)
        embedded_NUD = self.decoder.embed(padded_NU).float()
        packed = pack_padded_sequence(embedded_NUD, lengths, batch_first=True, enforce_sorted=False)
        states_NUD, _ = pad_packed_sequence(self.bias_encoder(packed)[0], batch_first=True)
        last_ND = states_NUD[torch.arange(len(tokens), device=device), lengths.to(device) - 1]
        return last_ND if self.lstm_proj is None else self.lstm_proj(last_ND)

    def with_hotwords(self, spoken: Spoken, hotwords_ND: Tensor) -> Spoken:
        """Return the output biased towards these hotwords; see encode_hotwords."""
        if not spoken.hidden_BUD.shape[1]:
            return spoken
        batch, dtype = len(spoken.hidden_BUD), spoken.hidden_BUD.dtype
        known_BND = hotwords_ND.to(dtype).expand(batch, -1, -1)
        if len(hotwords_ND) > MOST_HOTWORDS:
            known_BND = self._likeliest(spoken, known_BND)
        heard_BUD = torch.cat((spoken.predicted.tokens_BUD.to(dtype), spoken.hidden_BUD))
        counts_B = spoken.predicted.counts_B.repeat(2)
        answers_BUD = self.seaco_decoder(heard_BUD, counts_B, known_BND.repeat(2, 1, 1), _full(known_BND).repeat(2))
        merged_BUD = answers_BUD[:batch] + answers_BUD[batch:]
        log_probs_BUV = self.hotword_output_layer(merged_BUD).float().log_softmax(-1)
        is_none_BU1 = log_probs_BUV.argmax(-1, keepdim=True) == self.no_hotword_id
        return replace(spoken, log_probs_BUV=torch.where(is_none_BU1, spoken.log_probs_BUV, log_probs_BUV))

    def _likeliest(self, spoken: Spoken, known_BND: Tensor) -> Tensor:
        """Return the hotwords that each row attends to most, followed by "no hotword"."""
        scores_BN = self.seaco_decoder.attention(
            spoken.hidden_BUD, spoken.predicted.counts_B, known_BND, _full(known_BND), SCORING_BLOCK
        )
        count = min(MOST_HOTWORDS, known_BND.shape[1] - 1)
        chosen_BN1 = scores_BN.topk(count).indices[..., None]
        chosen_BND = known_BND.gather(1, chosen_BN1.expand(-1, -1, known_BND.shape[2]))
        return torch.cat((chosen_BND, known_BND[:, -1:]), 1)

    def freeze(self, linear: LinearLayer) -> None:
        super().freeze(linear)
        layer = self.hotword_output_layer
        self.add_module("hotword_output_layer", linear(layer.weight, layer.bias, None))

    def _rounded_parts(self) -> tuple[nn.Module, ...]:
        return *super()._rounded_parts(), self.seaco_decoder, self.hotword_output_layer


def _full(memory_BND: Tensor) -> Tensor:
    """Return the lengths of unpadded rows (B,)."""
    return torch.full((len(memory_BND),), memory_BND.shape[1], device=memory_BND.device)
