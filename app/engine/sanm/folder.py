"""Loads a model folder of the FunASR family into our networks. Mismatches are refused by name.

A folder contains config.yaml, model.pt (a state dict), am.mvn and the vocabulary; configuration.json may give other
file names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml
from torch import Tensor, nn

from app.domain.errors.base import N_
from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelWeightsMismatch,
)
from app.engine.conformer.config_values import UnsupportedConfig
from app.engine.sanm.config import FrontendConfig
from app.engine.sanm.frontend import LowRateFrontend
from app.engine.sanm.weights import check_weights, read_tensors, shapes_of

CONFIG_FILE = "config.yaml"
FILES_FILE = "configuration.json"
WEIGHTS_FILE = "model.pt"
NORMALISATION_FILE = "am.mvn"
TOKENS_FILE = "tokens.json"
UNKNOWN = "<unk>"
LARGEST_TEXT_BYTES = 32 * 2**20  # of a vocabulary or of am.mvn; real ones have less than one
MEL_BINS = 80
NUMBERS = re.compile(r"<LearnRateCoef>\s*\S+\s*\[([^\]]*)\]")

NetworkT = TypeVar("NetworkT", bound=nn.Module)
Value = TypeVar("Value")


class SanmFolder:
    """The files of one model folder."""

    def __init__(self, folder: Path) -> None:
        """Read config.yaml and configuration.json.

        Raises:
            ModelFileMissing, ModelFileUnreadable: by file.
        """
        self.folder = folder
        self.config = self._table(CONFIG_FILE, yaml.safe_load)
        self._named: Mapping[str, Any] = {}
        if (folder / FILES_FILE).is_file():
            named = self._table(FILES_FILE, json.loads).get("file_path_metas")
            self._named = named if isinstance(named, dict) else {}

    def shaped(self, read: Callable[[Mapping[str, Any]], Value]) -> Value:
        """Return the result of `read` for the configuration.

        Raises:
            ModelConfigUnsupported: it found something unsupported.
        """
        try:
            return read(self.config)
        except UnsupportedConfig as error:
            raise ModelConfigUnsupported(file=str(self.folder / CONFIG_FILE), reason=str(error)) from error

    def file(self, section: str, key: str, usual: str) -> Path:
        """Return a file by its name in configuration.json, else config.yaml, else the usual name.

        Raises:
            ModelFileMissing: it is not there.
        """
        found = self._place(section, key, usual)
        if not found.is_file():
            raise ModelFileMissing(folder=str(self.folder), file=found.name)
        return found

    def part(self, section: str, key: str, usual: str) -> Path:
        """Return a subfolder, named like a file.

        Raises:
            ModelFileMissing: it is not there.
        """
        found = self._place(section, key, usual)
        if not found.is_dir():
            raise ModelFileMissing(folder=str(self.folder), file=found.name)
        return found

    def is_named(self, section: str, key: str) -> bool:
        """Return whether config.yaml or configuration.json names a file for this."""
        tables = (source.get(section) for source in (self.config, self._named))
        return any(isinstance(table, dict) and table.get(key) for table in tables)

    def _place(self, section: str, key: str, usual: str) -> Path:
        name: object = usual
        for source in (self.config, self._named):
            values = source.get(section)
            name = (values.get(key) if isinstance(values, dict) else None) or name
        if not isinstance(name, str) or Path(name).name != name or name == "..":
            raise ModelFileMissing(folder=str(self.folder), file=str(name))
        return self.folder / name

    def optional(self, name: str) -> Path | None:
        """Return a file that a folder need not have, under its name or what configuration.json gives for it.

        Raises:
            ModelFileMissing: it is named there, but absent.
        """
        named = self._named.get(name) or self.config.get(name)
        if named is None:
            return self.folder / name if (self.folder / name).is_file() else None
        if not isinstance(named, str) or Path(named).name != named or not (self.folder / named).is_file():
            raise ModelFileMissing(folder=str(self.folder), file=str(named))
        return self.folder / named

    def text(self, file: Path) -> str:
        """Return the text of a file.

        Raises:
            ModelFileUnreadable: it is not text, or far too large.
        """
        try:
            if file.stat().st_size > LARGEST_TEXT_BYTES:
                raise ModelFileUnreadable(file=str(file), reason=N_("it is far too large"))
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelFileUnreadable(file=str(file), reason=_one_line(error)) from error

    @property
    def tokens_file(self) -> Path:
        """Where the vocabulary of characters and pieces of words is; raises ModelFileMissing."""
        return self.file("tokenizer_conf", "token_list", TOKENS_FILE)

    def tokens(self) -> Mapping[str, int]:
        """Return the vocabulary: token to id, ordered by id.

        Raises:
            ModelFileMissing, ModelFileUnreadable: of tokens.json.
        """
        file = self.tokens_file
        try:
            tokens = json.loads(self.text(file))
        except ValueError as error:
            raise ModelFileUnreadable(file=str(file), reason=N_("it is no JSON")) from error
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise ModelFileUnreadable(file=str(file), reason=N_("it is no list of tokens"))
        numbers = {token: number for number, token in enumerate(tokens)}
        if len(numbers) != len(tokens) or UNKNOWN not in numbers:
            reason = N_("it lists a token twice, or none for what is unknown")
            raise ModelFileUnreadable(file=str(file), reason=reason)
        return numbers

    def frontend(self, config: FrontendConfig) -> LowRateFrontend:
        """Return what computes the features, with the normalisation of am.mvn.

        Raises:
            ModelFileMissing, ModelFileUnreadable: of am.mvn.
        """
        file = self.file("frontend_conf", "cmvn_file", NORMALISATION_FILE)
        width = MEL_BINS * config.lfr_m
        found = NUMBERS.findall(self.text(file))
        try:
            shift, scale = (torch.tensor([float(number) for number in text.split()]) for text in found)
        except ValueError as error:
            reason = N_("it does not hold what is added to the features and what they are multiplied by")
            raise ModelFileUnreadable(file=str(file), reason=reason) from error
        if len(shift) != width or len(scale) != width or not (shift.isfinite() & scale.isfinite()).all():
            reason = f"it normalises {len(shift)} and {len(scale)} values, the features have {width}"
            raise ModelFileUnreadable(file=str(file), reason=reason)
        return LowRateFrontend(config, shift, scale)

    def load(self, build: Callable[[Mapping[str, Tensor]], NetworkT]) -> NetworkT:
        """Return a network with the weights of the folder, on the CPU, in single precision.

        Args:
            build: creates the network, without memory for its weights, from the tensors it will hold.

        Raises:
            ModelFileMissing, ModelFileUnreadable: of model.pt.
            ModelConfigUnsupported: the network cannot be built.
            ModelWeightsMismatch: a tensor is missing, unknown, of another shape, or not finite.
        """
        name = self._named.get("init_param", WEIGHTS_FILE)
        if not isinstance(name, str) or Path(name).name != name or not (self.folder / name).is_file():
            raise ModelFileMissing(folder=str(self.folder), file=str(name))
        file = self.folder / name
        state = {name: _single_precision(value) for name, value in read_tensors(file).items()}
        try:
            with torch.device("meta"):  # shapes without memory: a wrong configuration costs nothing
                network = build(state)
        except (ValueError, TypeError, RuntimeError) as error:
            raise ModelConfigUnsupported(file=str(self.folder / CONFIG_FILE), reason=_one_line(error)) from error
        check_weights(file, shapes_of(state), network)
        infinite = [name for name, value in state.items() if not value.isfinite().all()]
        if infinite:
            raise ModelWeightsMismatch(file=str(file), reason=f"{infinite[0]} has values that are not numbers")
        network.load_state_dict(state, assign=True)
        return network.eval()

    def _table(self, name: str, parse: Callable[[str], object]) -> Mapping[str, Any]:
        file = self.folder / name
        if not file.is_file():
            raise ModelFileMissing(folder=str(self.folder), file=name)
        try:
            content = parse(self.text(file))
        except (ValueError, yaml.YAMLError) as error:
            reason = N_("it is no YAML") if parse is yaml.safe_load else N_("it is no JSON")
            raise ModelFileUnreadable(file=str(file), reason=reason) from error
        if not isinstance(content, dict):
            raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of keys and values"))
        return content


def _single_precision(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
