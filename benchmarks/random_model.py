"""Builds model folders of real sizes with random weights: as much to compute as a real model, and nothing to read.

Their CTC head is set so that about four tokens come for each second of speech, as in Chinese; the time of a search
depends on how many there are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml
from spoken import spoken
from torch import Tensor

from app.engine.conformer import Conformer, ConformerConfig
from app.engine.features.features import KaldiFbank

BLANK_SHARE = 0.84  # of the 25 frames of a second: four tokens remain
SHARPNESS = 8.0  # what makes a random head as sure of itself as a trained one

# Sizes of WeNet's published U2++ recipes: width, heads, feed-forward, blocks, kernel, outputs
SIZES: dict[str, tuple[int, int, int, int, int, int]] = {
    "48m": (256, 4, 2048, 12, 8, 4233),  # AISHELL
    "123m": (512, 8, 2048, 12, 15, 5538),  # WenetSpeech
}


def build(folder: Path, size: str = "48m", seed: int = 0) -> Path:
    """Write train.yaml, final.pt and units.txt and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = network_config(size)
    torch.manual_seed(seed)
    model = Conformer(ConformerConfig.from_yaml_dict(config)).eval()
    _fit_to_speech(model)
    (folder / "train.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    torch.save(model.state_dict(), folder / "final.pt")
    units = [
        "<blank>",
        "<unk>",
        *(chr(0x4E00 + number) for number in range(config["output_dim"] - 3)),
        "<sos/eos>",
    ]
    lines = (f"{unit} {number}\n" for number, unit in enumerate(units))
    (folder / "units.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def network_config(size: str) -> dict[str, Any]:
    width, heads, feed_forward, blocks, kernel, outputs = SIZES[size]
    encoder = {
        "output_size": width,
        "attention_heads": heads,
        "linear_units": feed_forward,
        "num_blocks": blocks,
        "input_layer": "conv2d",
        "cnn_module_kernel": kernel,
        "cnn_module_norm": "layer_norm",
        "causal": True,
    }
    decoder = {"attention_heads": heads, "linear_units": feed_forward, "num_blocks": 3, "r_num_blocks": 3}
    special = {"<blank>": 0, "<unk>": 1, "<sos>": outputs - 1, "<eos>": outputs - 1}
    return {
        "encoder": "conformer",
        "encoder_conf": encoder,
        "decoder": "bitransformer",
        "decoder_conf": decoder,
        "tokenizer": "char",
        "tokenizer_conf": {"special_tokens": special},
        "ctc_conf": {"ctc_blank_id": 0},
        "cmvn": "global_cmvn",
        "input_dim": 80,
        "output_dim": outputs,
        "recognition": {"minimum_confidence": 0.0},
    }


@torch.inference_mode()
def _fit_to_speech(model: Conformer) -> None:
    """Normalise what speech-like sound gives, and let blanks win in their share of its frames."""
    features, lengths = _features()
    normalisation = model.encoder.global_cmvn
    assert normalisation is not None  # the configuration asks for it
    normalisation.mean.copy_(features[0].mean(0))
    normalisation.istd.copy_(1 / features[0].std(0))
    model.ctc.ctc_lo.weight.mul_(SHARPNESS)
    _, log_probs, _ = model(features, lengths)
    lead = log_probs[0, :, 1:].amax(1) - log_probs[0, :, 0]
    model.ctc.ctc_lo.bias[0] += lead.quantile(BLANK_SHARE)


def _features() -> tuple[Tensor, Tensor]:
    waveform = torch.from_numpy(spoken(20.0))
    features, lengths = KaldiFbank()(waveform[None], torch.tensor([len(waveform)]))
    return features, lengths
