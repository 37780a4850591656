"""Fun-ASR-Nano: an encoder whose frames a language model continues as text, and a CTC head for times.

Source: An et al., "Fun-ASR Technical Report", 2025. Language, hotwords and number format are part of a text prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from app.domain.errors.base import N_
from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelWeightsMismatch,
)
from app.engine.computing.linear import linear_for
from app.engine.conformer.config_values import UnsupportedConfig, positive, require, section_of, token_id
from app.engine.conformer.ctc import CtcHead
from app.engine.conformer.inference_optimizer import freeze_linear_layers
from app.engine.sanm.config import EncoderConfig, FrontendConfig, encoder_config, frontend_config
from app.engine.sanm.encoder import SenseVoiceEncoder
from app.engine.sanm.folder import MEL_BINS, SanmFolder
from app.engine.sanm.freezing import freeze_feed_forward
from app.engine.sanm.frontend import LowRateFrontend
from app.engine.sanm.nano.adaptor import Adaptor, AdaptorConfig, adaptor_config
from app.engine.sanm.nano.byte_pairs import BytePairs, read_ranks
from app.engine.sanm.nano.generation import generate
from app.engine.sanm.nano.qwen3 import Qwen3, Qwen3Config, qwen3_config

LLM_FOLDER = "Qwen3-0.6B"
CTC_VOCABULARY = "multilingual.tiktoken"
CTC_PARTS = ("ctc.", "ctc_decoder.")
"""The weights on Hugging Face lack them."""
CTC_OUTPUTS = 60_515
HEAD = "llm.lm_head.weight"

SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
BEFORE_SOUND = "<|im_start|>user\n{prompt}"
AFTER_SOUND = "<|im_end|>\n<|im_start|>assistant\n"
UNTHINKING = "<think>\n\n</think>\n\n"
WITH_HOTWORDS = (
    "请结合上下文信息，更加准确地完成语音转写任务。如果没有相关信息，我们会留空。\n\n\n**上下文信息：**\n\n\n"
    "热词列表：[{hotwords}]\n"
)
TRANSCRIBE = "语音转写"
INTO_LANGUAGE = "成{language}"
AS_SPOKEN = "，不进行文本规整"


@dataclass(frozen=True, slots=True)
class NanoConfig:
    """What config.yaml and the language model's config.json say."""

    encoder: EncoderConfig
    adaptor: AdaptorConfig
    llm: Qwen3Config
    ctc_decoder: AdaptorConfig | None
    """None if no CTC head is configured."""
    ctc_outputs: int
    blank_id: int
    has_few_frames: bool
    """Only the first eighth of the encoded frames go to the language model."""
    has_system_prompt: bool
    thinks: bool


def nano_config(config: Mapping[str, Any], llm: Qwen3Config) -> NanoConfig:
    """Read the configuration; raise UnsupportedConfig for what this network lacks."""
    encoder_conf = dict(section_of(config, "audio_encoder_conf"))
    if encoder_conf.pop("hub", None):
        raise UnsupportedConfig("audio_encoder_conf: a part of the network would be downloaded")
    encoder_conf.pop("activation_checkpoint", None)
    require(config.get("audio_encoder"), ("SenseVoiceEncoderSmall",), "audio_encoder")
    require(config.get("audio_adaptor"), ("Transformer",), "audio_adaptor")
    require(config.get("ctc_decoder"), ("Transformer", None), "ctc_decoder")
    if section_of(config, "llm_conf").get("use_lora"):
        raise UnsupportedConfig("llm_conf: use_lora is not known")
    encoder = encoder_config({"encoder_conf": encoder_conf})
    outputs = positive({"ctc_vocab_size": CTC_OUTPUTS, **config}, "ctc_vocab_size")
    prompts = section_of(config, "dataset_conf")
    decoder = adaptor_config(config, "ctc_decoder_conf") if config.get("ctc_decoder") else None
    if decoder and decoder.llm_dim != encoder.output_size:
        raise UnsupportedConfig(f"ctc_decoder_conf: llm_dim is {decoder.llm_dim}, not {encoder.output_size}")
    return NanoConfig(
        encoder=encoder,
        adaptor=adaptor_config(config, "audio_adaptor_conf", llm.hidden_size),
        llm=llm,
        ctc_decoder=decoder,
        ctc_outputs=outputs,
        blank_id=token_id(section_of(config, "ctc_conf"), "blank_id", outputs - 1, outputs),
        has_few_frames=bool(section_of(config, "audio_adaptor_conf").get("use_low_frame_rate", False)),
        has_system_prompt=bool(prompts.get("sys_prompt", True)),
        thinks=bool(prompts.get("do_think", True)),
    )


class NanoNetwork(nn.Module):
    """`audio_encoder`, `audio_adaptor`, `llm`, `ctc_decoder` and `ctc` under FunASR's names."""

    frontend: LowRateFrontend

    def __init__(self, in_width: int, config: NanoConfig, *, has_ctc: bool) -> None:
        super().__init__()
        width = config.encoder.output_size
        self.config = config
        self.audio_encoder = SenseVoiceEncoder(in_width, config.encoder)
        self.audio_adaptor = Adaptor(width, config.adaptor)
        self.llm = Qwen3(config.llm)
        if has_ctc and config.ctc_decoder:
            self.ctc_decoder = Adaptor(width, config.ctc_decoder)
            self.ctc = CtcHead(width, config.ctc_outputs)

    @property
    def has_ctc(self) -> bool:
        return hasattr(self, "ctc")

    def encode(self, waveforms_BS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return encoded frames (B, T, D) and their lengths."""
        features_BTF, lengths_B = self.frontend(waveforms_BS, lengths_B)
        return self.audio_encoder(features_BTF, lengths_B), lengths_B

    def sound_vectors(self, encoded_BTD: Tensor, lengths_B: Tensor) -> list[Tensor]:
        """Return the language model's input vectors for each row (T, D)."""
        vectors_BTD = self.audio_adaptor(encoded_BTD, lengths_B)
        counts = [self._vectors_of(length) for length in lengths_B.tolist()]
        return [vectors_TD[:count] for vectors_TD, count in zip(vectors_BTD, counts, strict=True)]

    def ctc_log_probs(self, encoded_BTD: Tensor, lengths_B: Tensor) -> Tensor:
        """Return log-probabilities (B, T, V)."""
        return self.ctc(self.ctc_decoder(encoded_BTD, lengths_B))

    def _vectors_of(self, frames: int) -> int:
        """Return how many vectors the language model gets: as many as three halvings of the frames would leave."""
        if not self.config.has_few_frames:
            return frames
        halved = (frames + 1) // 2
        return ((halved + 1) // 2 + 1) // 2

    def prepare(self, device: torch.device, llm_dtype: torch.dtype) -> None:
        """Move it to its device, the language model in its precision, and freeze the other parts there."""
        self.requires_grad_(requires_grad=False)
        self.to(device)
        self.llm.to(llm_dtype)
        linear = linear_for(device, torch.float32)
        parts = [self.audio_encoder, self.audio_adaptor, *([self.ctc_decoder] if self.has_ctc else [])]
        for part in parts:
            freeze_feed_forward(part, linear)
            freeze_linear_layers(part, linear)


@dataclass(frozen=True, slots=True)
class Nano:
    """A network with its vocabularies."""

    network: NanoNetwork
    tokenizer: Tokenizer
    ctc_vocabulary: BytePairs | None
    """None if the weights have no CTC head."""

    def prompt(self, sound_TD: Tensor, asked: str) -> Tensor:
        """Return the vectors that the language model continues (T, D)."""
        config, llm = self.network.config, self.network.llm
        before = (SYSTEM if config.has_system_prompt else "") + BEFORE_SOUND.format(prompt=asked)
        after = AFTER_SOUND + ("" if config.thinks else UNTHINKING)
        start_TD, end_TD = (llm.embed(self.tokenizer.encode(text).ids) for text in (before, after))
        return torch.cat((start_TD, sound_TD.to(start_TD.dtype), end_TD))

    def write(self, sounds: Sequence[Tensor], asked: str, most_tokens: Sequence[int]) -> Iterator[list[list[int]]]:
        """Yield the tokens of each text so far, after each step; see generate."""
        prompts = [self.prompt(sound_TD, asked) for sound_TD in sounds]
        yield from generate(self.network.llm, prompts, most_tokens)

    def text(self, tokens: Sequence[int]) -> str:
        return self.tokenizer.decode(list(tokens), skip_special_tokens=True)


def asked_in_words(hotwords: Sequence[str], language: str | None, *, itn: bool) -> str:
    """Return the prompt, worded exactly as in the network's training.

    Args:
        hotwords: words that may occur.
        language: its Chinese name; None leaves it to the network.
        itn: write numbers as digits.
    """
    words = WITH_HOTWORDS.format(hotwords=", ".join(hotwords)) if hotwords else ""
    into = INTO_LANGUAGE.format(language=language) if language else ""
    return f"{words}{TRANSCRIBE}{into}{'' if itn else AS_SPOKEN}："


def load_nano(files: SanmFolder) -> Nano:
    """Return the network of a folder, on the CPU in single precision, and its vocabularies.

    Raises:
        ModelError: see SanmFolder; or a vocabulary does not match the network.
    """
    llm_folder = files.part("llm_conf", "init_param_path", LLM_FOLDER)
    config = files.shaped(lambda values: nano_config(values, _llm_config(files, llm_folder)))
    features = files.shaped(frontend_config)
    tokenizer = _tokenizer(files, llm_folder, config.llm)
    width = MEL_BINS * features.lfr_m

    def build(state: Mapping[str, Tensor]) -> NanoNetwork:
        has_ctc = any(name.startswith(CTC_PARTS) for name in state)
        network = NanoNetwork(width, config, has_ctc=has_ctc)
        if config.llm.is_tied and HEAD not in state:
            del network.llm.lm_head
        return network

    network = files.load(build)
    if config.llm.is_tied:
        network.llm.tie()
    network.frontend = _frontend(files, features)
    vocabulary = _ctc_vocabulary(files, config) if network.has_ctc else None
    return Nano(network, tokenizer, vocabulary)


def _frontend(files: SanmFolder, config: FrontendConfig) -> LowRateFrontend:
    """Return the front end; the published model's features are not normalised."""
    if files.is_named("frontend_conf", "cmvn_file"):
        return files.frontend(config)
    width = MEL_BINS * config.lfr_m
    return LowRateFrontend(config, torch.zeros(width), torch.ones(width))


def _llm_config(files: SanmFolder, folder: Path) -> Qwen3Config:
    file = folder / "config.json"
    values = _json(files, file)
    if not isinstance(values, dict):
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of keys and values"))
    try:
        return qwen3_config(values)
    except UnsupportedConfig as error:
        raise ModelConfigUnsupported(file=str(file), reason=str(error)) from error


def _tokenizer(files: SanmFolder, folder: Path, config: Qwen3Config) -> Tokenizer:
    file = folder / "tokenizer.json"
    _json(files, file)
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # a bare Exception is what it raises
        raise ModelFileUnreadable(file=str(file), reason=N_("it is no vocabulary of tokenizers")) from error
    tokens = tokenizer.get_vocab_size()
    if tokens > config.vocab_size:
        reason = f"it lists {tokens} tokens, the network has {config.vocab_size} outputs"
        raise ModelWeightsMismatch(file=str(file), reason=reason)
    return tokenizer


def _json(files: SanmFolder, file: Path) -> object:
    if not file.is_file():
        raise ModelFileMissing(folder=str(file.parent), file=file.name)
    try:
        return json.loads(files.text(file))
    except ValueError as error:
        raise ModelFileUnreadable(file=str(file), reason=N_("it is no JSON")) from error


def _ctc_vocabulary(files: SanmFolder, config: NanoConfig) -> BytePairs:
    file = files.file("ctc_tokenizer_conf", "vocab_path", CTC_VOCABULARY)
    try:
        ranks = read_ranks(files.text(file))
    except ValueError as error:
        reason = N_("it is no vocabulary of tiktoken")
        raise ModelFileUnreadable(file=str(file), reason=reason) from error
    if len(ranks) >= config.ctc_outputs:
        reason = f"it lists {len(ranks)} tokens, the network has {config.ctc_outputs} outputs"
        raise ModelWeightsMismatch(file=str(file), reason=reason)
    return BytePairs(ranks)
