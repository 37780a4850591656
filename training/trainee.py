"""The product's own network with what only training needs: a syllable head in its middle and the losses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config import FBANK, LOG_MEL, ConformerConfig
from app.engine.conformer.model import Conformer
from app.engine.conformer.subsampling import ConvolutionalSubsampling
from app.engine.features.features import NUM_MEL_BINS
from training.alignment import IGNORED
from training.config import Config
from training.initialisation import initialise
from training.vocabulary import BLANK

TOKEN_FRAMES = 8
FEATURE_SETTINGS: dict[str, dict[str, Any]] = {
    FBANK: {
        "cmvn": "global_cmvn",
        "cmvn_conf": {"cmvn_file": "global_cmvn", "is_json_cmvn": True},
    },
    LOG_MEL: {"cmvn": None, "dataset_conf": {"feats_type": LOG_MEL}},
}
"""What train.yaml says of each kind of features; Whisper's are not normalised again."""


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
        if isinstance(network.encoder.embed, ConvolutionalSubsampling):
            _in_single_precision(network.encoder.embed.conv)

    def freeze(self, blocks: int) -> None:
        """Let the input layer and the first `blocks` stay as they are; 0: nothing does."""
        if blocks:
            frozen = (self.network.encoder.embed, *self.network.encoder.encoders[:blocks])
            for module in frozen:
                module.requires_grad_(requires_grad=False)

    def rates(self, head_factor: float) -> list[dict[str, Any]]:
        """The parameters that learn, for the optimiser: those of the heads at so many times the rate."""
        heads = [*self.network.ctc.parameters(), *self.syllable_head.parameters()]
        in_heads = set(map(id, heads))
        body = [p for p in self.parameters() if p.requires_grad and id(p) not in in_heads]
        return [{"params": body, "factor": 1.0}, {"params": heads, "factor": head_factor}]

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

    def frame_losses(
        self, features: Tensor, lengths: Tensor, targets: FrameTargets, bf16: bool, blank_weight: float
    ) -> Losses:
        """Cross-entropy of every frame against the unit that is spoken there; blanks count `blank_weight`."""
        with torch.autocast(features.device.type, torch.bfloat16, enabled=bf16):
            _, log_probs, frames = self.network(features, lengths)
            middle = self.syllable_head(self._middle).float().log_softmax(-1)
        return Losses(
            *(
                _nll(x.flatten(0, 1), y.to(x.device).flatten(), blank_weight)
                for x, y in zip((log_probs, middle), targets(frames, log_probs.shape[1]), strict=True)
            )
        )

    def _keep_middle(self, _block: nn.Module, _inputs: object, output: Tensor) -> None:
        self._middle = output


def _nll(log_probs: Tensor, targets: Tensor, blank_weight: float) -> Tensor:
    weights = log_probs.new_ones(log_probs.shape[1])
    weights[BLANK] = blank_weight
    return F.nll_loss(log_probs, targets, weights, ignore_index=IGNORED)


def ctc(log_probs: Tensor, frames: Tensor, targets: Sequence[Sequence[int]]) -> Tensor:
    """CTC loss summed over the batch, for each target token. An empty target asks for blanks only.

    A batch with few tokens counts as if it had one for every TOKEN_FRAMES frames: long sounds without speech
    must not outweigh everything else.
    """
    lengths = torch.tensor([len(target) for target in targets])
    flat = torch.tensor([token for target in targets for token in target], dtype=torch.long, device=log_probs.device)
    loss = F.ctc_loss(
        log_probs.transpose(0, 1), flat, frames, lengths, blank=BLANK, reduction="sum", zero_infinity=True
    )
    return loss / max(len(flat), int(frames.sum()) // TOKEN_FRAMES)


def new_network(config: Config, num_units: int) -> Conformer:
    network = Conformer(ConformerConfig.from_yaml_dict(train_yaml(config, num_units)))
    initialise(network)
    return network


def train_yaml(config: Config, num_units: int) -> dict[str, Any]:
    """What train.yaml says of a network with CTC alone, in WeNet's second dialect."""
    return {
        "encoder": config.encoder,
        "encoder_conf": dict(config.model),
        "decoder": None,
        "tokenizer": "char",
        "tokenizer_conf": {
            "symbol_table_path": "units.txt",
            "special_tokens": {"<blank>": 0, "<unk>": 1, "<sos>": 2, "<eos>": 2},
        },
        "ctc": "ctc",
        "ctc_conf": {"ctc_blank_id": BLANK},
        **FEATURE_SETTINGS[config.features],
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
