"""Reads the part of train.yaml that defines the network, in both of WeNet's dialects.

The classes use WeNet's key names; single values are validated in config_values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.conformer.config_values import (
    UnsupportedConfig,
    known_kind,
    known_values,
    positive,
    require,
    section_of,
    token_id,
)

FBANK = "fbank"
LOG_MEL = "log_mel_spectrogram"
FEATURES: Mapping[str, Mapping[str, Any]] = {
    FBANK: {"frame_length": 25, "frame_shift": 10},
    LOG_MEL: {"n_fft": 400, "hop_length": 160, "padding": 0, "pad_or_trim": False},
}
"""Feature types, each with the supported values in `KIND_conf`."""
ACTIVATIONS = ("hardtanh", "tanh", "relu", "selu", "swish", "gelu")
CHOICES = {
    "input_layer": ("linear", "conv1d2", "conv2d", "conv2d6", "conv2d8", "dwconv2d8"),
    "pos_enc_layer_type": ("abs_pos", "abs_pos_whisper", "rel_pos", "no_pos"),
    "selfattention_layer_type": ("selfattn", "rel_selfattn"),
    "activation_type": ACTIVATIONS,
    "cnn_module_norm": ("batch_norm", "layer_norm"),
}


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The keys of encoder_conf under WeNet's names, with WeNet's defaults."""

    kind: str = "conformer"
    output_size: int = 256
    attention_heads: int = 4
    linear_units: int = 2048
    num_blocks: int = 6
    dropout_rate: float = 0.1
    positional_dropout_rate: float = 0.1
    attention_dropout_rate: float = 0.0
    input_layer: str = "conv2d"
    subsampling_channels: int | None = None
    """Channels of dwconv2d8; output_size where it is not given. A key of our own."""
    pos_enc_layer_type: str = "rel_pos"
    selfattention_layer_type: str = "rel_selfattn"
    normalize_before: bool = True
    final_norm: bool = True
    norm_eps: float = 1e-5
    static_chunk_size: int = 0
    activation_type: str = "swish"
    macaron_style: bool = True
    use_cnn_module: bool = True
    cnn_module_kernel: int = 15
    cnn_module_norm: str = "batch_norm"
    conv_norm_eps: float = 1e-5
    conv_bias: bool = True
    causal: bool = False
    seal_padding: bool = False
    """Keep batch padding out of symmetric convolutions, so that no recording depends on its neighbours
    in the batch. WeNet lets the bias of the gate leak in from there; unsealed equals its numbers. Our own key."""
    query_bias: bool = True
    key_bias: bool = True
    value_bias: bool = True
    mlp_bias: bool = True
    halve_after_block: int = 0
    """After this many blocks, every two frames become one; 0: never. Our own key."""


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The keys of decoder_conf under WeNet's names, with WeNet's defaults."""

    kind: str = "bitransformer"
    attention_heads: int = 4
    linear_units: int = 2048
    num_blocks: int = 6
    r_num_blocks: int = 0
    dropout_rate: float = 0.1
    positional_dropout_rate: float = 0.1
    self_attention_dropout_rate: float = 0.0
    src_attention_dropout_rate: float = 0.0
    input_layer: str = "embed"
    normalize_before: bool = True
    norm_eps: float = 1e-5
    activation_type: str = "relu"
    query_bias: bool = True
    key_bias: bool = True
    value_bias: bool = True
    src_query_bias: bool = True
    src_key_bias: bool = True
    src_value_bias: bool = True
    mlp_bias: bool = True


TRANSFORMER_ENCODER_DEFAULTS: Mapping[str, Any] = {
    "pos_enc_layer_type": "abs_pos",
    "selfattention_layer_type": "selfattn",
    "activation_type": "relu",
}


@dataclass(frozen=True, slots=True)
class ConformerConfig:
    """Everything that defines the network and its special tokens."""

    encoder: EncoderConfig
    decoder: DecoderConfig | None
    input_dim: int
    """Mel bins."""
    vocabulary_size: int
    blank_id: int = 0
    sos_id: int = -1
    eos_id: int = -1
    features: str = FBANK
    """`fbank` (Kaldi's) or `log_mel_spectrogram` (Whisper's)."""
    cmvn: bool = True
    """Whether features are normalised with the mean and deviation that the checkpoint carries."""
    ctc_weight: float = 0.5
    reverse_weight: float = 0.0

    @classmethod
    def from_yaml_dict(cls, train: Mapping[str, Any]) -> ConformerConfig:
        """Read a parsed train.yaml.

        Raises:
            UnsupportedConfig: a key or value is unknown or missing.
        """
        vocabulary_size = positive(train, "output_dim")
        special = section_of(section_of(train, "tokenizer_conf"), "special_tokens")
        training = section_of(train, "model_conf")
        known_kind(train, "ctc", "ctc")
        known_kind(train, "model", "asr_model")
        return cls(
            encoder=_encoder(train),
            decoder=_decoder(train),
            input_dim=positive(train, "input_dim"),
            vocabulary_size=vocabulary_size,
            blank_id=token_id(section_of(train, "ctc_conf"), "ctc_blank_id", 0, vocabulary_size),
            sos_id=token_id(special, "<sos>", vocabulary_size - 1, vocabulary_size),
            eos_id=token_id(special, "<eos>", vocabulary_size - 1, vocabulary_size),
            features=section_of(train, "dataset_conf").get("feats_type", FBANK),
            cmvn=train.get("cmvn") == "global_cmvn" or train.get("cmvn_file") is not None,
            ctc_weight=training.get("ctc_weight", 0.5),
            reverse_weight=training.get("reverse_weight", 0.0),
        )


def check_features(train: Mapping[str, Any]) -> None:
    """Raise UnsupportedConfig for features other than the two supported types."""
    dataset = section_of(train, "dataset_conf")
    kind = dataset.get("feats_type", FBANK)
    require(kind, tuple(FEATURES), "dataset_conf: feats_type")
    expected = {**FEATURES[kind], "num_mel_bins": train.get("input_dim")}
    for name, value in section_of(dataset, f"{kind}_conf").items():
        if name in expected:
            require(value, (expected[name],), f"{kind}_conf: {name}")
    rate = section_of(dataset, "resample_conf").get("resample_rate", 16_000)
    require(rate, (16_000,), "resample_conf: resample_rate")


def _encoder(train: Mapping[str, Any]) -> EncoderConfig:
    kind = known_kind(train, "encoder", "conformer")
    values = dict(section_of(train, "encoder_conf"))
    if kind == "transformer":
        values = {**TRANSFORMER_ENCODER_DEFAULTS, **values}
    elif _is_first_dialect(train) and values.get("pos_enc_layer_type", "rel_pos") != "rel_pos":
        # WeNet before version 3 derived the attention type from the positions and ignored this key
        values["selfattention_layer_type"] = "selfattn"
    if values.get("use_dynamic_chunk"):
        values["static_chunk_size"] = 0  # a network trained with dynamic chunks sees the whole recording
    config = EncoderConfig(kind, **known_values(values, EncoderConfig, "encoder_conf"))
    _check_encoder(config)
    return config


def _check_encoder(config: EncoderConfig) -> None:
    for name, known in CHOICES.items():
        require(getattr(config, name), known, f"encoder_conf: {name}")
    _check_heads(config.output_size, config.attention_heads, "encoder_conf")
    if config.use_cnn_module and not config.causal and config.cnn_module_kernel % 2 == 0:
        raise UnsupportedConfig(
            f"encoder_conf: cnn_module_kernel {config.cnn_module_kernel} is even, but causal is not set"
        )
    if config.halve_after_block and config.selfattention_layer_type != "selfattn":
        raise UnsupportedConfig("encoder_conf: halve_after_block needs selfattention_layer_type 'selfattn'")
    if config.halve_after_block > config.num_blocks:
        raise UnsupportedConfig(f"encoder_conf: halve_after_block is above num_blocks, {config.num_blocks}")
    if config.kind == "transformer" and config.selfattention_layer_type != "selfattn":
        raise UnsupportedConfig("encoder_conf: a transformer encoder has selfattention_layer_type 'selfattn' only")


def _decoder(train: Mapping[str, Any]) -> DecoderConfig | None:
    if "decoder" in train and train["decoder"] is None:
        return None
    kind = known_kind(train, "decoder", "bitransformer")
    config = DecoderConfig(kind, **known_values(section_of(train, "decoder_conf"), DecoderConfig, "decoder_conf"))
    require(config.input_layer, ("embed",), "decoder_conf: input_layer")
    require(config.activation_type, ACTIVATIONS, "decoder_conf: activation_type")
    _check_heads(_encoder(train).output_size, config.attention_heads, "decoder_conf")
    return config


def _check_heads(width: int, heads: int, section: str) -> None:
    if width % heads:
        raise UnsupportedConfig(f"{section}: width {width} does not divide into {heads} attention_heads")


def _is_first_dialect(train: Mapping[str, Any]) -> bool:
    return not {"tokenizer", "cmvn", "ctc_conf"} & train.keys()
