"""FunASR's own results for a Paraformer folder; `python -m tests.funasr.reference` stores them as golden numbers."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from tests.conftest import REPOSITORY
from tests.engine.sanm.paraformer_folders import KINDS, build, sound
from tests.engine.sounds import Samples
from tests.funasr.package import automodel, kept_process

GOLDEN = REPOSITORY / "tests/data/sanm/paraformer.json"
SECONDS = (0.9, 2.3)
HOTWORDS = "今天 world 公园"
KEPT = 40  # values of each table
SILENT_TOKENS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Said:
    """Of one waveform."""

    features: Tensor
    encoded: Tensor
    log_probs: Tensor
    milliseconds: list[list[int]]
    """Start and end of each token; empty for a network without a finer predictor."""
    text: str

    @property
    def tokens(self) -> list[int]:
        return self.log_probs[0].argmax(-1).tolist()


@torch.inference_mode()
def read(folder: Path, waveform: Samples, hotwords: str = "") -> Said:
    """Ask FunASR for its numbers and for its text."""
    from funasr.utils.load_utils import extract_fbank

    with kept_process():
        auto = automodel(folder)
        network, settings = auto.model, auto.kwargs
        features, lengths = extract_fbank([torch.tensor(waveform)], data_type="sound", frontend=settings["frontend"])
        encoded, encoded_lengths = network.encode(features, lengths)
        embeddings, sums = network.calc_predictor(encoded, encoded_lengths)[:2]
        heard = (encoded, encoded_lengths, embeddings, sums.round().long())
        log_probs = _decoded(auto, heard, hotwords)
        [answer] = auto.generate([torch.tensor(waveform)], **({"hotword": hotwords} if hotwords else {}))
    times = _milliseconds(auto, heard, log_probs) if hasattr(network, "calc_predictor_timestamp") else []
    return Said(features, encoded, log_probs, times, answer["text"])


def _decoded(auto: Any, heard: tuple[Tensor, ...], hotwords: str) -> Tensor:
    network = auto.model
    if not hasattr(network, "seaco_decoder"):
        return network.cal_decoder_with_predictor(*heard)[0]
    settings = auto.kwargs
    tokens = network.generate_hotwords_list(hotwords or None, settings["tokenizer"], settings["frontend"])
    return network._seaco_decode_with_ASF(*heard, hw_list=tokens)


def _milliseconds(auto: Any, heard: tuple[Tensor, ...], log_probs: Tensor) -> list[list[int]]:
    from funasr.utils.timestamp_tools import ts_prediction_lfr6_standard

    encoded, lengths, _, counts = heard
    _, _, weights, peaks = auto.model.calc_predictor_timestamp(encoded, lengths, counts)
    ids = [token for token in log_probs[0].argmax(-1).tolist() if token not in SILENT_TOKENS]
    characters = auto.kwargs["tokenizer"].ids2tokens(ids)
    return ts_prediction_lfr6_standard(weights[0].clone(), peaks[0], characters)[1]


def _golden(kind: str, folder: Path) -> list[dict[str, Any]]:
    cases = []
    for seconds in SECONDS:
        for hotwords in ("", HOTWORDS) if kind == "SeacoParaformer" else ("",):
            said = read(folder, sound(seconds), hotwords)
            cases.append(
                {
                    "kind": kind,
                    "seconds": seconds,
                    "hotwords": hotwords,
                    "tokens": said.tokens,
                    "encoded": _rounded(said.encoded[0, ::5]),
                    "log_probs": _rounded(said.log_probs[0, ::3, :9]),
                    "milliseconds": said.milliseconds,
                    "text": said.text,
                }
            )
    return cases


def _rounded(table: Tensor) -> list[float]:
    return [round(value, 6) for value in table.flatten()[:KEPT].tolist()]


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        cases = [case for kind in KINDS for case in _golden(kind, build(Path(place) / kind, kind))]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    GOLDEN.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(cases)} cases in {GOLDEN}\n")
