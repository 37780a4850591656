"""Writes the averaged network as a WeNet-layout directory that the engine loads.

Run: python -m training.export --last 4 --out models/builtin. Weights are stored as float16.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from training.average import averaged_network
from training.checkpoints import checkpoints
from training.config import Config, load_config
from training.trainee import train_yaml
from training.vocabulary import load_vocabulary, write_units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--out", type=Path, default=Path("models/builtin"))
    parser.add_argument("--last", type=int, default=4, help="how many of the newest checkpoints are averaged")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    paths = checkpoints(config.checkpoints)[-arguments.last :]
    export(config, averaged_network(paths), arguments.out)
    print(f"{arguments.out}: the mean of {', '.join(path.stem for path in paths)}")


def export(config: Config, network: dict[str, Tensor], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    units = load_vocabulary(config.work).units
    write_units(units, out / "units.txt")
    if "encoder.global_cmvn.mean" in network:
        write_cmvn(network, out / "global_cmvn")
    torch.save({name: _small(name, tensor) for name, tensor in network.items()}, out / "final.pt")
    settings: dict[str, Any] = train_yaml(config, len(units))
    settings["recognition"] = {"minimum_confidence": config.minimum_confidence}
    (out / "train.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    write_checksums(out)


def _small(name: str, tensor: Tensor) -> Tensor:
    """Normalisation of the features keeps its precision: it is a few hundred bytes."""
    return tensor.float() if "global_cmvn" in name else tensor.half()


def write_cmvn(network: dict[str, Tensor], path: Path) -> None:
    """WeNet's JSON: sums and sums of squares over `frame_num` frames, here a million of the mean frame."""
    count = 1_000_000
    mean = network["encoder.global_cmvn.mean"].double()
    variance = network["encoder.global_cmvn.istd"].double() ** -2
    sums = {
        "mean_stat": (mean * count).tolist(),
        "var_stat": ((variance + mean**2) * count).tolist(),
        "frame_num": count,
    }
    path.write_text(json.dumps(sums), encoding="utf-8")


def write_checksums(out: Path) -> None:
    """SHA256SUMS of every other file, in the format of sha256sum."""
    files = sorted(path for path in out.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
