"""Predicts the number of tokens, the frames of each, and their times: continuous integrate-and-fire (CIF).

Source: Dong and Xu, "CIF", 2020, as in Gao et al., "Paraformer", 2022; the finer weights for times are those of Shi et
al., "Achieving Timestamp Prediction While Recognizing with Non-Autoregressive End-to-End ASR Model", 2023.
A frame weighs between 0 and 1; a token takes frames until their weights sum to 1, and a frame may be split between
two. Always in single precision: a rounded sum would change the number of tokens. No row sees the padding of its batch,
unlike FunASR, whose convolution and backward LSTM look beyond the ends of a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.engine.sanm.layers import padding_of
from app.engine.sanm.paraformer_config import FinePredictorConfig, PredictorConfig


@dataclass(frozen=True, slots=True)
class Predicted:
    """The tokens of a batch before decoding."""

    tokens_BUD: Tensor
    """A vector per token: its weighted frames. In single precision."""
    counts_B: Tensor
    weights_BT: Tensor
    """The weights of the frames; each row sums to its number of tokens."""


class CifPredictor(nn.Module):
    """Computes the weights with a convolution (CifPredictorV2)."""

    def __init__(self, config: PredictorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.idim
        self.cif_conv1d = nn.Conv1d(width, width, config.l_order + 1 + config.r_order)
        self.cif_output = nn.Linear(width, 1)

    def forward(self, encoded_BTD: Tensor, lengths_B: Tensor, counts_B: Tensor | None = None) -> Predicted:
        """Return the tokens.

        Args:
            encoded_BTD: from the encoder.
            lengths_B: frames of each row.
            counts_B: tokens of each row; None derives them from the weights, and the remainder at the end of a row
                becomes one more if it weighs enough.
        """
        encoded_BTD, padding_BT = _sealed(encoded_BTD, lengths_B)
        weights_BT = self._weights(self._seen(encoded_BTD), padding_BT)
        encoded_BTD = F.pad(encoded_BTD, (0, 0, 0, 1))  # a silent frame at the end of a row
        weights_BT = F.pad(weights_BT, (0, 1))
        if counts_B is None:
            weights_BT = weights_BT.scatter(1, lengths_B[:, None], self.config.tail_threshold)
            integral_BT = integrated(weights_BT)
            counts_B = integral_BT[:, -1].floor().long()
        else:
            integral_BT = integrated(weights_BT)
            integral_BT = integral_BT * (counts_B / integral_BT[:, -1].clamp(min=1e-9))[:, None]
        parts_BUT = token_parts(integral_BT, int(counts_B.max()))
        integral_BT = torch.minimum(integral_BT, counts_B[:, None])
        return Predicted(
            parts_BUT @ encoded_BTD, counts_B, integral_BT.diff(prepend=torch.zeros_like(integral_BT[:, :1]))
        )

    def fine_weights(self, _encoded_BTD: Tensor, _lengths_B: Tensor, predicted: Predicted) -> Tensor:
        """Return the weights that time the tokens; here the same as those that count them."""
        return predicted.weights_BT

    @property
    def upsampling(self) -> int:
        """Return the number of `fine_weights` per frame."""
        return 1

    def _seen(self, encoded_BTD: Tensor) -> Tensor:
        """Return the convolution's output (B, D, T)."""
        around_BDT = F.pad(encoded_BTD.transpose(1, 2), (self.config.l_order, self.config.r_order))
        return F.relu(self.cif_conv1d(around_BDT))

    def _weights(self, seen_BDT: Tensor, padding_BT: Tensor | None) -> Tensor:
        shares_BT = self.cif_output(seen_BDT.transpose(1, 2))[..., 0].sigmoid()
        weights_BT = F.relu(shares_BT * self.config.smooth_factor - self.config.noise_threshold)
        return weights_BT if padding_BT is None else weights_BT.masked_fill(padding_BT, 0.0)


class FineCifPredictor(CifPredictor):
    """Has separate weights for times, several per frame (CifPredictorV3)."""

    def __init__(self, config: FinePredictorConfig) -> None:
        super().__init__(config)
        self.fine = config
        width = config.idim
        self.upsample_cnn = nn.ConvTranspose1d(width, width, config.upsample_times, config.upsample_times)
        self.blstm = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.cif_output2 = nn.Linear(2 * width, 1)

    @property
    def upsampling(self) -> int:
        return self.fine.upsample_times

    def fine_weights(self, encoded_BTD: Tensor, lengths_B: Tensor, predicted: Predicted) -> Tensor:
        """Return (B, upsampling * T); each row sums to its count."""
        encoded_BTD, _ = _sealed(encoded_BTD, lengths_B)
        seen_BDT = self._seen(encoded_BTD) if self.fine.use_cif1_cnn else encoded_BTD.transpose(1, 2)
        fine_BTD = self.upsample_cnn(seen_BDT).transpose(1, 2)
        packed = pack_padded_sequence(
            fine_BTD, (lengths_B * self.upsampling).cpu(), batch_first=True, enforce_sorted=False
        )
        passed_BTD, _ = pad_packed_sequence(self.blstm(packed)[0], batch_first=True, total_length=fine_BTD.shape[1])
        shares_BT = self.cif_output2(passed_BTD)[..., 0].sigmoid()
        weights_BT = F.relu(shares_BT * self.fine.smooth_factor2 - self.fine.noise_threshold2)
        padding_BT = padding_of(lengths_B * self.upsampling, weights_BT.shape[1])
        if padding_BT is not None:
            weights_BT = weights_BT.masked_fill(padding_BT, 0.0)
        return weights_BT * (predicted.counts_B / weights_BT.sum(1).clamp(min=1e-9))[:, None]


def integrated(weights_BT: Tensor) -> Tensor:
    """Return the cumulative sum of the weights (B, T), added in double precision."""
    sums_BT = weights_BT.cpu().double().cumsum(1)  # Apple's GPUs have no doubles
    return sums_BT.float().to(weights_BT.device)


def token_parts(integral_BT: Tensor, count: int) -> Tensor:
    """Return how much of each frame belongs to each token (B, U, T).

    A frame whose integral goes from 1.7 to 2.4 gives 0.3 to the token between 1 and 2, and 0.4 to the next.
    """
    before_BT = F.pad(integral_BT[:, :-1], (1, 0))
    token_U1 = torch.arange(count, device=integral_BT.device)[:, None]
    upper_BUT = torch.minimum(integral_BT[:, None], token_U1 + 1)
    return (upper_BUT - torch.maximum(before_BT[:, None], token_U1)).clamp(min=0.0)


def _sealed(encoded_BTD: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the frames in single precision with zeros for padding, and the padding mask (B, T)."""
    padding_BT = padding_of(lengths_B, encoded_BTD.shape[1])
    encoded_BTD = encoded_BTD.float()
    if padding_BT is not None:
        encoded_BTD = encoded_BTD.masked_fill(padding_BT[..., None], 0.0)
    return encoded_BTD, padding_BT
