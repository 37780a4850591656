"""Reads the part of train.yaml that shapes the network, in both of WeNet's dialects.

Every key is either used, known to change nothing at inference, or refused by name: a key that is passed over
in silence could make a checkpoint load "fine" and speak nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

KINDS = {
    "encoder": ("conformer", "transformer"),
    "decoder": ("bitransformer", "transformer"),
    "ctc": ("ctc",),
    "model": ("asr_model",),
}
FEATURES: Mapping[str, Any] = {"frame_length": 25, "frame_shift": 10}
ACTIVATIONS = ("hardtanh", "tanh", "relu", "selu", "swish", "gelu")
CHOICES = {
    "input_layer": ("linear", "conv2d", "conv2d6", "conv2d8", "dwconv2d8"),
    "pos_enc_layer_type": ("abs_pos", "rel_pos", "no_pos"),
    "selfattention_layer_type": ("selfattn", "rel_selfattn"),
    "activation_type": ACTIVATIONS,
    "cnn_module_norm": ("batch_norm", "layer_norm"),
}
WITHOUT_EFFECT = frozenset(
    # how the checkpoint was trained, or how WeNet computes the same numbers
    {
        "use_dynamic_chunk",
        "use_dynamic_left_chunk",
        "gradient_checkpointing",
        "use_sdpa",
        "tie_word_embedding",
    }
    | {"positionwise_conv_kernel_size", "n_expert", "n_expert_activated"}
)
MAY_BE_ZERO = ("static_chunk_size", "r_num_blocks")
ONLY_VALUE: Mapping[str, Any] = {
    "layer_norm_type": "layer_norm",
    "mlp_type": "position_wise_feed_forward",
    "n_kv_head": None,
    "head_dim": None,
    "concat_after": False,
    "src_attention": True,
    "use_output_layer": True,
    "conv_inner_factor": 2,
}


class UnsupportedConfig(ValueError):
    """A configuration asks for something that this network does not have; the text says what."""


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
    """Keep the padding of a batch out of symmetric convolutions, so that no recording depends on its neighbours
    in the batch. WeNet lets the bias of the gate leak in from there; unsealed equals its numbers. Our own key."""
    query_bias: bool = True
    key_bias: bool = True
    value_bias: bool = True
    mlp_bias: bool = True


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
    """Everything that shapes the network and names its special tokens."""

    encoder: EncoderConfig
    decoder: DecoderConfig | None
    input_dim: int
    """Mel bins."""
    vocabulary_size: int
    blank_id: int = 0
    sos_id: int = -1
    eos_id: int = -1
    cmvn: bool = True
    """Whether features are normalised with the mean and deviation that the checkpoint carries."""
    ctc_weight: float = 0.5
    reverse_weight: float = 0.0

    @classmethod
    def from_yaml_dict(cls, train: Mapping[str, Any]) -> ConformerConfig:
        """Read a parsed train.yaml.

        Raises:
            UnsupportedConfig: a key or value that this network does not know, or one that is missing.
        """
        vocabulary_size = _positive(train, "output_dim")
        special = _section(_section(train, "tokenizer_conf"), "special_tokens")
        training = _section(train, "model_conf")
        _kind(train, "ctc", "ctc")
        _kind(train, "model", "asr_model")
        return cls(
            encoder=_encoder(train),
            decoder=_decoder(train),
            input_dim=_positive(train, "input_dim"),
            vocabulary_size=vocabulary_size,
            blank_id=_token(_section(train, "ctc_conf"), "ctc_blank_id", 0, vocabulary_size),
            sos_id=_token(special, "<sos>", vocabulary_size - 1, vocabulary_size),
            eos_id=_token(special, "<eos>", vocabulary_size - 1, vocabulary_size),
            cmvn=train.get("cmvn") == "global_cmvn" or train.get("cmvn_file") is not None,
            ctc_weight=training.get("ctc_weight", 0.5),
            reverse_weight=training.get("reverse_weight", 0.0),
        )


def check_features(train: Mapping[str, Any]) -> None:
    """Raise UnsupportedConfig for features other than the filter bank that this program computes."""
    dataset = _section(train, "dataset_conf")
    require(dataset.get("feats_type", "fbank"), ("fbank",), "dataset_conf: feats_type")
    expected = {**FEATURES, "num_mel_bins": train.get("input_dim")}
    for name, value in _section(dataset, "fbank_conf").items():
        if name in expected:
            require(value, (expected[name],), f"fbank_conf: {name}")
    rate = _section(dataset, "resample_conf").get("resample_rate", 16_000)
    require(rate, (16_000,), "resample_conf: resample_rate")


def _encoder(train: Mapping[str, Any]) -> EncoderConfig:
    kind = _kind(train, "encoder", "conformer")
    values = dict(_section(train, "encoder_conf"))
    if kind == "transformer":
        values = {**TRANSFORMER_ENCODER_DEFAULTS, **values}
    elif _is_first_dialect(train) and values.get("pos_enc_layer_type", "rel_pos") != "rel_pos":
        # WeNet before version 3 took the attention from the positions and ignored this key
        values["selfattention_layer_type"] = "selfattn"
    if values.get("use_dynamic_chunk"):
        values["static_chunk_size"] = 0  # a network that learned chunks of any size hears the whole recording
    config = EncoderConfig(kind, **_known(values, EncoderConfig, "encoder_conf"))
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
    if config.kind == "transformer" and config.selfattention_layer_type != "selfattn":
        raise UnsupportedConfig(
            "encoder_conf: a transformer encoder has selfattention_layer_type 'selfattn' only"
        )


def _decoder(train: Mapping[str, Any]) -> DecoderConfig | None:
    if "decoder" in train and train["decoder"] is None:
        return None
    kind = _kind(train, "decoder", "bitransformer")
    config = DecoderConfig(kind, **_known(_section(train, "decoder_conf"), DecoderConfig, "decoder_conf"))
    require(config.input_layer, ("embed",), "decoder_conf: input_layer")
    require(config.activation_type, ACTIVATIONS, "decoder_conf: activation_type")
    _check_heads(_encoder(train).output_size, config.attention_heads, "decoder_conf")
    return config


def _known(values: Mapping[str, Any], kind: type, section: str) -> dict[str, Any]:
    """Return the values that shape the network; refuse what cannot be honoured."""
    names = {field.name for field in fields(kind)} - {"kind"}
    for name, value in values.items():
        if name in ONLY_VALUE:
            require(value, (ONLY_VALUE[name],), f"{section}: {name}")
        elif name not in names | WITHOUT_EFFECT:
            raise UnsupportedConfig(f"{section}: the key {name} is not known")
    defaults = kind()
    return {
        name: _typed(value, getattr(defaults, name), f"{section}: {name}")
        for name, value in values.items()
        if name in names
    }


def _typed(value: Any, default: object, name: str) -> Any:
    """Return the value in the type of its default; refuse another type and widths below one."""
    if isinstance(default, float) and isinstance(value, int | str):
        try:
            return float(value)  # YAML reads 1e-5 as text
        except ValueError:
            raise UnsupportedConfig(f"{name} is {value!r}, not a number") from None
    if default is not None and type(value) is not type(default):
        raise UnsupportedConfig(f"{name} is {value!r}, not of type {type(default).__name__}")
    if type(value) is int and value < 1 and name.rpartition(" ")[2] not in MAY_BE_ZERO:
        raise UnsupportedConfig(f"{name} is {value}, less than 1")
    return value


def _check_heads(width: int, heads: int, section: str) -> None:
    if width % heads:
        raise UnsupportedConfig(f"{section}: width {width} does not divide into {heads} attention_heads")


def _kind(train: Mapping[str, Any], key: str, default: str) -> str:
    value: str = train.get(key) or default
    require(value, KINDS[key], key)
    return value


def require(value: object, known: tuple[object, ...], name: str) -> None:
    """Raise UnsupportedConfig unless the value is one of those known."""
    if value not in known:
        raise UnsupportedConfig(f"{name} is {value!r}; known: {', '.join(map(str, known))}")


def _positive(train: Mapping[str, Any], key: str) -> int:
    value = train.get(key)
    if not isinstance(value, int) or value < 1:
        raise UnsupportedConfig(f"{key} is missing or not a whole number above 0")
    return value


def _token(values: Mapping[str, Any], key: str, default: int, vocabulary_size: int) -> int:
    value = values.get(key, default)
    if not isinstance(value, int) or not 0 <= value < vocabulary_size:
        raise UnsupportedConfig(f"{key} is {value!r}, not the number of one of {vocabulary_size} tokens")
    return value


def _section(train: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = train.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise UnsupportedConfig(f"{key} is not a table of keys and values")
    return value or {}


def _is_first_dialect(train: Mapping[str, Any]) -> bool:
    return not {"tokenizer", "cmvn", "ctc_conf"} & train.keys()
