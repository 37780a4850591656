"""The product's own network with what only training needs: a syllable head in its middle and the losses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config import ConformerConfig
from app.engine.conformer.model import Conformer
from app.engine.features import NUM_MEL_BINS
from training.alignment import IGNORED
from training.initialisation import initialise
from training.vocabulary import BLANK

TOKEN_FRAMES = 8


@dataclass(frozen=True)
class Losses:
    """Negative log-likelihoods for each target token of the batch."""

    characters: Tensor
    syllables: Tensor


FrameTargets = Callable[[Tensor, int], tuple[Tensor, Tensor]]
"""From the frames of each utterance and of the longest: targets (batch, frames) of both heads."""


class Trainee(nn.Module):
    """`network` is what is shipped; `syllable_head` stays behind."""

    def __init__(self, network: Conformer, num_syllables: int, syllable_block: int) -> None:
        super().__init__()
        self.network = network
        self.syllable_head = nn.Linear(network.config.encoder.output_size, num_syllables)
        self._middle = torch.empty(0)
        network.encoder.encoders[syllable_block - 1].register_forward_hook(self._keep_middle)
        _in_single_precision(network.encoder.embed.get_submodule("conv"))

    def losses(
        self,
        features: Tensor,
        lengths: Tensor,
        characters: Sequence[Sequence[int]],
        syllables: Sequence[Sequence[int]],
        bf16: bool,
    ) -> Losses:
        with torch.autocast(features.device.type, torch.bfloat16, enabled=bf16):
            _, log_probs, frames = self.network(features, lengths)
            middle = self.syllable_head(self._middle).float().log_softmax(-1)
        return Losses(ctc(log_probs, frames, characters), ctc(middle, frames, syllables))

    def frame_losses(self, features: Tensor, lengths: Tensor, targets: FrameTargets, bf16: bool) -> Losses:
        """Cross-entropy of every frame against the unit that is spoken there."""
        with torch.autocast(features.device.type, torch.bfloat16, enabled=bf16):
            _, log_probs, frames = self.network(features, lengths)
            middle = self.syllable_head(self._middle).float().log_softmax(-1)
        return Losses(
            *(
                F.nll_loss(x.flatten(0, 1), y.to(x.device).flatten(), ignore_index=IGNORED)
                for x, y in zip((log_probs, middle), targets(frames, log_probs.shape[1]), strict=True)
            )
        )

    def _keep_middle(self, _block: nn.Module, _inputs: object, output: Tensor) -> None:
        self._middle = output


def ctc(log_probs: Tensor, frames: Tensor, targets: Sequence[Sequence[int]]) -> Tensor:
    """CTC loss summed over the batch, for each target token. An empty target asks for blanks only.

    A batch with few tokens counts as if it had one for every TOKEN_FRAMES frames: long sounds without speech
    must not outweigh everything else.
    """
    lengths = torch.tensor([len(target) for target in targets])
    flat = torch.tensor(
        [token for target in targets for token in target], dtype=torch.long, device=log_probs.device
    )
    loss = F.ctc_loss(
        log_probs.transpose(0, 1), flat, frames, lengths, blank=BLANK, reduction="sum", zero_infinity=True
    )
    return loss / max(len(flat), int(frames.sum()) // TOKEN_FRAMES)


def new_network(model: dict[str, Any], num_units: int) -> Conformer:
    network = Conformer(ConformerConfig.from_yaml_dict(train_yaml(model, num_units)))
    initialise(network)
    return network


def train_yaml(model: dict[str, Any], num_units: int) -> dict[str, Any]:
    """What train.yaml says of a network with CTC alone, in WeNet's second dialect."""
    return {
        "encoder": "conformer",
        "encoder_conf": dict(model),
        "decoder": None,
        "tokenizer": "char",
        "tokenizer_conf": {
            "symbol_table_path": "units.txt",
            "special_tokens": {"<blank>": 0, "<unk>": 1, "<sos>": 2, "<eos>": 2},
        },
        "ctc": "ctc",
        "ctc_conf": {"ctc_blank_id": BLANK},
        "cmvn": "global_cmvn",
        "cmvn_conf": {"cmvn_file": "global_cmvn", "is_json_cmvn": True},
        "model": "asr_model",
        "model_conf": {"ctc_weight": 1.0},
        "input_dim": NUM_MEL_BINS,
        "output_dim": num_units,
    }


def _in_single_precision(module: nn.Module) -> None:
    """The few wide convolutions are faster so on a CPU: bf16 depthwise gradients took four times as long."""
    module.to(memory_format=torch.channels_last)
    forward: Callable[[Tensor], Tensor] = module.forward

    def without_autocast(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return forward(x.float())

    module.forward = without_autocast
