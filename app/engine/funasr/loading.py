"""Builds a network with the `funasr` package from a folder, offline, and undoes what that does to the process.

Knows the layout of a folder and the traps of FunASR's loader; what a network is then asked is its family's business.
"""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import yaml
from torch import nn

from app.engine.device import memory_errors_named
from app.engine.funasr.weights import Shapes, check_weights, read_shapes
from app.engine.known_models import Role
from app.engine.registry import architecture_for
from app.errors import (
    N_,
    DeviceUnavailable,
    FunASRMissing,
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    OutOfMemory,
)

WEIGHTS_FILE = "model.pt"
CONFIG_FILE = "config.yaml"
NORMALISATION_FILE = "am.mvn"
UNNORMALISED = ("FunASRNano", "CTTransformer")  # have none, or hear nothing
FILES_FILE = "configuration.json"  # which file is which
OPTIONAL_PARTS = ("ctc.", "ctc_decoder.")  # of Fun-ASR-Nano; the weights on Hugging Face lack them
HELPERS = ("vad_model", "punc_model", "spk_model")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network on its device, with what FunASR keeps beside it."""

    folder: Path
    architecture: str
    auto: Any
    """funasr's AutoModel."""
    network: nn.Module
    tokenizer: Any
    frontend: Any
    device: torch.device
    lacks_optional: bool
    """The weights have no optional part, though the configuration describes one."""

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())


def load(folder: Path, role: Role, device: torch.device) -> Loaded:
    """Build the network of a folder on a device.

    Raises:
        FunASRMissing, ModelError, DeviceUnavailable, OutOfMemory: see app.engine.funasr.load_engine.
    """
    folder = folder.absolute()  # a name such as "ct-punc" would be taken for one of the hub's
    architecture = architecture_for(folder, role)
    _check_files(folder, architecture)
    held = read_shapes(folder / WEIGHTS_FILE)
    funasr = import_funasr(folder)
    with kept_process():
        auto = _build(funasr, folder, device)
    _check_device(auto.model, device)
    _check_normalisation(folder, architecture, auto.kwargs.get("frontend"))
    check_weights(folder / WEIGHTS_FILE, held, auto.model, _is_optional)
    return Loaded(
        folder,
        architecture,
        auto,
        auto.model,
        auto.kwargs.get("tokenizer"),
        auto.kwargs.get("frontend"),
        device,
        _lacks_optional(folder, held),
    )


def versions() -> tuple[tuple[str, str], ...]:
    return (("torch", str(torch.__version__)), ("funasr", version("funasr")))


# The folder


def _check_files(folder: Path, architecture: str) -> None:
    """Check that every file that FunASR would look for on a hub is here, and that no part comes from a hub."""
    parts = _read_json(folder / FILES_FILE).get("file_path_metas", {})
    for part, name in _named_files(parts):
        may_be_absent = part == "frontend_conf" and architecture in UNNORMALISED
        if not (folder / name).exists() and not may_be_absent:
            raise ModelFileMissing(folder=str(folder), file=name)
    config = yaml.safe_load((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    if (config.get("audio_encoder_conf") or {}).get("hub"):
        raise ModelConfigUnsupported(
            file=str(folder / CONFIG_FILE), reason=N_("a part of the network would be downloaded")
        )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except ValueError as error:
        raise ModelFileUnreadable(file=str(file), reason=N_("it is no JSON")) from error
    return content if isinstance(content, dict) else {}


def _named_files(parts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield part and file of the weights and of what parts need (`tokenizer_conf: {bpemodel: FILE}`)."""
    for part, files in parts.items():
        if isinstance(files, str) and part == "init_param":
            yield part, files
        elif isinstance(files, dict):
            yield from ((part, name) for name in files.values() if isinstance(name, str))


def _check_normalisation(folder: Path, architecture: str, frontend: Any) -> None:
    """Check that the features are normalised: without the file FunASR goes on, and the network hears noise."""
    if architecture not in UNNORMALISED and getattr(frontend, "cmvn_file", None) is None:
        raise ModelFileMissing(folder=str(folder), file=NORMALISATION_FILE)


def _is_optional(name: str) -> bool:
    return name.startswith(OPTIONAL_PARTS)


def _lacks_optional(folder: Path, held: Shapes) -> bool:
    described = "ctc_decoder:" in (folder / CONFIG_FILE).read_text(encoding="utf-8")
    return described and not any(map(_is_optional, held))


# The package


def import_funasr(folder: Path) -> ModuleType:
    """Import `funasr`, told to keep off the network.

    Raises:
        FunASRMissing: it is not installed, or cannot be imported.
    """
    if importlib.util.find_spec("funasr") is None:
        raise FunASRMissing(folder=str(folder), reason=N_("it is not installed"))
    os.environ.update(OFFLINE)
    try:
        with kept_process():
            return importlib.import_module("funasr")
    except ImportError as error:
        raise FunASRMissing(folder=str(folder), reason=str(error)) from error


@contextmanager
def kept_process() -> Iterator[None]:
    """Run FunASR without what it leaves behind: the thread count, the root logger's level, lines on the output."""
    threads, root = torch.get_num_threads(), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def _build(funasr: ModuleType, folder: Path, device: torch.device) -> Any:
    try:
        with memory_errors_named():
            return funasr.AutoModel(
                model=str(folder),
                device=str(device),
                ncpu=torch.get_num_threads(),
                frontend_conf={"dither": 0.0},  # else two readings of one waveform differ
                trust_remote_code=False,
                **dict.fromkeys(HELPERS),  # a configuration may name some of the hub's
                disable_update=True,
                disable_pbar=True,
                log_level="ERROR",
            )
    except OutOfMemory:
        raise
    except Exception as error:  # its classes raise whatever their arguments lead to
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise ModelConfigUnsupported(file=str(folder / CONFIG_FILE), reason=reason) from error


def _check_device(network: nn.Module, device: torch.device) -> None:
    """FunASR falls back to the CPU without a word."""
    real = next(network.parameters()).device
    if real.type != device.type:
        raise DeviceUnavailable(device=str(device), reason=N_("FunASR put the model on another device."))
