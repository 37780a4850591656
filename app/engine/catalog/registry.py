"""Identifies model folders by their small files: torch is not imported and no weights are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from app.domain.errors.base import N_
from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelFolderMissing,
    ModelNotForRecognition,
    NotAModel,
)
from app.engine.catalog.known_models import Role
from app.engine.catalog.speaker_folder import is_speaker_folder
from app.engine.catalog.speaker_folder import require_files as require_speaker_files
from app.engine.catalog.whisper_folder import is_whisper, languages_of, require_files
from app.engine.catalog.whisper_weights import read_facts
from app.engine.tokens.tokenizer import Tokenizer

LARGEST_CONFIG_BYTES = 2 * 2**20  # the largest real one has a few kilobytes
NATIVE_FACTORY = "app.engine.native.recognizer:load_engine"
FUNASR_FACTORY = "app.engine.funasr:load_engine"
WHISPER_FACTORY = "app.engine.whisper:load_engine"
SPEAKERS_FACTORY = "app.engine.speakers.model:load_speaker_model"
NANO = "FunASRNano"
NATIVE_FILES = ("final.pt", "units.txt")
FUNASR_FILES = ("model.pt",)


class Kind(StrEnum):
    """Whose layout a folder has."""

    NATIVE = "native"
    FUNASR = "funasr"
    WHISPER = "whisper"
    SPEAKERS = "speakers"

    @property
    def family(self) -> str:
        """The name that people know it by."""
        return _KINDS[self].family

    @property
    def factory(self) -> str:
        """`module:function` that loads an engine of it (EngineSpec.factory)."""
        return _KINDS[self].factory


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that looks like a model."""

    folder: Path
    kind: Kind
    architecture: str
    """The network class named in its configuration."""
    role: Role
    languages: tuple[str, ...]
    """Empty if the files do not declare them."""
    abilities: tuple[str, ...]
    """Any of `times`, `hotwords`, `itn` and `punctuation`."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Family:
    """What a network of FunASR can do."""

    abilities: tuple[str, ...]
    languages: tuple[str, ...] = ()
    role: Role = Role.RECOGNITION


_FUNASR_FAMILIES: Mapping[str, _Family] = {
    "SenseVoiceSmall": _Family(("times", "hotwords", "itn", "punctuation"), ("zh", "yue", "en", "ja", "ko")),
    "Paraformer": _Family(("times", "itn")),
    "BiCifParaformer": _Family(("times", "itn")),
    "SeacoParaformer": _Family(("times", "hotwords", "itn")),
    NANO: _Family(("times", "hotwords", "itn", "punctuation")),
    "CTTransformer": _Family(("punctuation",), ("zh", "en"), Role.PUNCTUATION),
    "FsmnVADStreaming": _Family((), (), Role.VAD),
}


def identify(folder: Path) -> ModelFolder:
    """Identify the model in `folder`.

    Raises:
        NotAModel: neither train.yaml, a config.yaml of FunASR, a config.json of Whisper nor a network of speakers is
            there.
        ModelFileMissing, ModelFileUnreadable: it is a model, but incomplete.
        ModelConfigUnsupported: the network is not supported.
    """
    try:
        if kind := kind_of(folder):
            return _KINDS[kind].identify(folder)
    except OSError as error:
        raise ModelFileUnreadable(file=str(folder), reason=error.strerror or str(error)) from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, OverflowError) as error:
        # user content: nothing in it may hide the other models
        raise ModelFileUnreadable(file=str(folder), reason=type(error).__name__) from error
    raise NotAModel(folder=str(folder))


def kind_of(folder: Path) -> Kind | None:
    """Return whose layout a folder has by its configuration file, whole or not; None where there is none."""
    if (folder / "train.yaml").is_file():
        return Kind.NATIVE
    if (folder / "config.yaml").is_file():
        return Kind.FUNASR
    if is_speaker_folder(folder):
        return Kind.SPEAKERS
    return Kind.WHISPER if is_whisper(folder) else None


def architecture_for(folder: Path, role: Role) -> str:
    """Return the network class of a folder.

    Raises:
        ModelError: there is none, or none for this role.
    """
    if not folder.is_dir():
        raise ModelFolderMissing(folder=str(folder))
    found = identify(folder)
    if found.role is not role and role is Role.RECOGNITION:
        raise ModelNotForRecognition(name=folder.name)
    if found.role is not role:
        reason = f"{found.architecture} ({found.role}, {role})"
        raise ModelConfigUnsupported(file=str(folder / "config.yaml"), reason=reason)
    return found.architecture


def factory_for(folder: Path) -> str:
    """Return `module:function` that loads the engine of the folder (EngineSpec.factory).

    Unrecognised folders count as native: loading them gives the best error.
    """
    return (kind_of(folder) or Kind.NATIVE).factory


def size_of(folder: Path) -> int:
    """Return the bytes of all files in `folder`."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _identify_native(folder: Path) -> ModelFolder:
    config = _read_yaml(folder / "train.yaml")
    _require(folder, NATIVE_FILES)
    return ModelFolder(
        folder=folder,
        kind=Kind.NATIVE,
        architecture=str(config.get("encoder", "conformer")),
        role=Role.RECOGNITION,
        languages=Tokenizer.from_folder(folder).languages,
        abilities=("times", "hotwords", "itn"),
        size_bytes=size_of(folder),
    )


def _identify_funasr(folder: Path) -> ModelFolder:
    file = folder / "config.yaml"
    architecture = str(_read_yaml(file).get("model", ""))
    family = _FUNASR_FAMILIES.get(architecture)
    if family is None:
        named = architecture if re.fullmatch(r"\w{1,60}", architecture) else "-"  # it may be no model at all
        reason = f"model: {named} ({', '.join(_FUNASR_FAMILIES)})"
        raise ModelConfigUnsupported(file=str(file), reason=reason)
    _require(folder, FUNASR_FILES)
    return ModelFolder(
        folder=folder,
        kind=Kind.FUNASR,
        architecture=architecture,
        role=family.role,
        languages=family.languages,
        abilities=family.abilities,
        size_bytes=size_of(folder),
    )


def _identify_whisper(folder: Path) -> ModelFolder:
    require_files(folder)
    read_facts(folder)
    return ModelFolder(
        folder=folder,
        kind=Kind.WHISPER,
        architecture="Whisper",
        role=Role.RECOGNITION,
        languages=languages_of(folder),
        abilities=("times", "hotwords", "itn", "punctuation"),
        size_bytes=size_of(folder),
    )


def _identify_speakers(folder: Path) -> ModelFolder:
    require_speaker_files(folder)
    return ModelFolder(
        folder=folder,
        kind=Kind.SPEAKERS,
        architecture="CAM++",
        role=Role.SPEAKERS,
        languages=("zh", "en"),
        abilities=(),
        size_bytes=size_of(folder),
    )


def _require(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        file = folder / name
        if not file.is_file():
            raise ModelFileMissing(folder=str(folder), file=name)
        if not file.stat().st_size:
            raise ModelFileUnreadable(file=str(file), reason=N_("it is empty"))


def _read_yaml(file: Path) -> Mapping[str, Any]:
    if file.stat().st_size > LARGEST_CONFIG_BYTES:
        raise ModelFileUnreadable(file=str(file), reason=N_("it is far too large for a configuration"))
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (
        UnicodeDecodeError,
        yaml.YAMLError,
    ) as error:  # their messages quote the file, which may not be a model at all
        raise ModelFileUnreadable(file=str(file), reason=N_("it is no YAML")) from error
    if not isinstance(content, dict):
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of keys and values"))
    return content


@dataclass(frozen=True, slots=True)
class _KindFacts:
    family: str
    factory: str
    identify: Callable[[Path], ModelFolder]


_KINDS: Mapping[Kind, _KindFacts] = {
    Kind.NATIVE: _KindFacts("WeNet", NATIVE_FACTORY, _identify_native),
    Kind.FUNASR: _KindFacts("FunASR", FUNASR_FACTORY, _identify_funasr),
    Kind.WHISPER: _KindFacts("Whisper", WHISPER_FACTORY, _identify_whisper),
    Kind.SPEAKERS: _KindFacts("CAM++", SPEAKERS_FACTORY, _identify_speakers),
}
