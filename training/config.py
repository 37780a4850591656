"""Reads config.yaml into typed settings; the only place that knows the file's keys."""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class TextConfig:
    zh: str
    zh_sources: str
    en: str
    en_sources: str
    take: dict[str, int]
    max_characters: dict[str, int]
    widen: dict[str, int]
    widen_characters: dict[str, int]
    grammar: dict[str, int]
    held_out_one_in: int


@dataclass(frozen=True)
class VocabularyConfig:
    num_pieces: int
    max_characters: int
    min_count: int


@dataclass(frozen=True)
class VoiceConfig:
    zh: dict[str, float]
    en: dict[str, float]
    variants: tuple[str, ...]
    held_out: tuple[str, ...]
    rate: tuple[int, int]
    pitch: tuple[int, int]
    range: tuple[int, int]


@dataclass(frozen=True)
class LanguageModelConfig:
    leave_out: tuple[str, ...]
    cut: tuple[int, ...]
    weight: float
    bonus: float


@dataclass(frozen=True)
class TrainingConfig:
    checkpoints: str
    start_from: str
    frozen_blocks: int
    head_factor: float
    syllable_block: int
    syllable_weight: float
    device: str
    threads: int
    bf16: bool
    batch_seconds: float
    aligned_steps: int
    blank_weight: float
    easy_steps: int
    easy_seconds: float
    easy_density: float
    most_density: float
    max_silence: float
    speeds: tuple[float, ...]
    synthetic_weight: float
    wide_weight: float
    real_weight: float
    coded_weight: float
    non_speech_weight: float
    language_weights: dict[str, float]
    peak_rate: float
    warm_up: int
    fall_from: int
    total_steps: int
    clip: float
    log_every: int
    save_every: int
    keep: int


@dataclass(frozen=True)
class Config:
    seed: int
    work: Path
    text: TextConfig
    speech: Path
    speech_train: tuple[str, ...]
    speech_dev: tuple[str, ...]
    max_seconds: float
    vocabulary: VocabularyConfig
    voices: VoiceConfig
    test_sentences: int
    non_speech_minutes: float
    coded_one_in: int
    encoder: str
    features: str
    model: dict[str, Any]
    training: TrainingConfig
    language_model: LanguageModelConfig
    augment: dict[str, Any]
    minimum_confidence: float
    golden: tuple[dict[str, str], ...]

    @property
    def checkpoints(self) -> Path:
        return self.work / self.training.checkpoints


_SECTIONS: dict[str, Any] = {
    "text": TextConfig,
    "vocabulary": VocabularyConfig,
    "voices": VoiceConfig,
    "training": TrainingConfig,
    "language_model": LanguageModelConfig,
}


def load_config(path: Path) -> Config:
    """Raises ValueError for a key that is unknown or missing."""
    values = _read(path)
    for name, section in _SECTIONS.items():
        values[name] = _typed(section, values.get(name) or {}, f"{path}: {name}")
    values["work"], values["speech"] = Path(values["work"]), Path(values["speech"])
    config: Config = _typed(Config, values, str(path))
    return config


def _read(path: Path) -> dict[str, Any]:
    """The values of a file over those of the file beside it that it names as `base`; null takes one away."""
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    base = values.pop("base", None)
    return _over(_read(path.parent / base), values) if base else values


def _over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in base.items() if key not in changes or changes[key] is not None}
    for key, value in changes.items():
        if value is None:
            continue
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _over(base[key], value) if both else value
    return merged


def _typed(section: Any, values: dict[str, Any], where: str) -> Any:
    names = {field.name for field in fields(section)}
    if names != values.keys():
        raise ValueError(f"{where}: unknown or missing keys: {', '.join(sorted(names ^ values.keys()))}")
    return section(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def config_from_command_line(description: str | None) -> Config:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    return load_config(parser.parse_args().config)
