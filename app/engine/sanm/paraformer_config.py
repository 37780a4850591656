"""Reads how a Paraformer, BiCifParaformer or SeacoParaformer is built from FunASR's config.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.conformer.config_values import UnsupportedConfig, known_values, require, section_of
from app.engine.sanm.config import EncoderConfig, check_heads, encoder_config, known

CLASSES: Mapping[str, tuple[str, ...]] = {
    "encoder": ("SANMEncoder",),
    "decoder": ("ParaformerSANMDecoder",),
    "predictor": ("CifPredictorV2", "CifPredictorV3"),
    "tokenizer": ("CharTokenizer",),
    "normalize": ("None",),
}
SEACO = "SeacoParaformer"
UPSAMPLINGS = ("cnn_blstm",)
DECODER_VALUES: Mapping[str, tuple[Any, ...]] = {
    "input_layer": ("embed",),
    "normalize_before": (True,),
    "concat_after": (False,),
    "lora_list": (None,),
}
PREDICTOR_VALUES: Mapping[str, tuple[Any, ...]] = {
    "threshold": (1.0,),
    "tail_mask": (True, False),  # False lets the padding of a batch count as sound; no batch does that here
    "upsample_type": UPSAMPLINGS,
}
MODEL_VALUES: Mapping[str, tuple[Any, ...]] = {
    "ctc_weight": (0.0,),
    "share_embedding": (False,),
    "bias_encoder_type": ("lstm",),
}
HOW_IT_WAS_TRAINED = frozenset(
    {
        *("ignore_id", "lsm_weight", "length_normalized_loss", "predictor_weight", "predictor_bias"),
        *("sampling_ratio", "use_1st_decoder_loss", "train_decoder", "bias_encoder_dropout_rate"),
        *("seaco_lsm_weight", "seaco_length_normal", "seaco_length_normalized_loss", "seaco_weight"),
    }
)


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The keys of decoder_conf and of seaco_decoder_conf, with FunASR's defaults."""

    attention_heads: int = 4
    linear_units: int = 2048
    num_blocks: int = 6
    att_layer_num: int = 6
    """Blocks that attend; where there are more blocks in all, the rest has only the memory of neighbours."""
    kernel_size: int = 21
    sanm_shfit: int = 0
    use_output_layer: bool = True
    wo_input_layer: bool = False


@dataclass(frozen=True, slots=True)
class PredictorConfig:
    """The keys of predictor_conf, with FunASR's defaults."""

    idim: int = 512
    l_order: int = 1
    r_order: int = 1
    smooth_factor: float = 1.0
    noise_threshold: float = 0.0
    tail_threshold: float = 0.0
    """What the end of a recording weighs: a last token that lacks no more than that is one."""


@dataclass(frozen=True, slots=True)
class FinePredictorConfig(PredictorConfig):
    """Those of CifPredictorV3."""

    smooth_factor2: float = 1.0
    noise_threshold2: float = 0.0
    upsample_times: int = 5
    use_cif1_cnn: bool = True


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The keys of model_conf that matter after training, with FunASR's defaults."""

    blank_id: int = 0
    sos: int = 1
    eos: int = 2
    inner_dim: int = 256
    bias_encoder_bid: bool = False
    NO_BIAS: int = 8377
    """The token by which the decoder of hotwords says that there is none."""


@dataclass(frozen=True, slots=True)
class ParaformerConfig:
    """The parts of a network."""

    model: ModelConfig
    encoder: EncoderConfig
    decoder: DecoderConfig
    predictor: PredictorConfig
    hotword_decoder: DecoderConfig | None
    """None where the network knows no hotwords."""


def paraformer_config(config: Mapping[str, Any]) -> ParaformerConfig:
    """Raise UnsupportedConfig for what the network here does not have."""
    for key, classes in CLASSES.items():
        require(str(config.get(key)), classes, key)
    encoder = encoder_config(config)
    width = encoder.output_size
    model = _model_config(config)
    decoder = _decoder_config(config, "decoder_conf", width)
    if not decoder.use_output_layer or decoder.wo_input_layer:
        raise UnsupportedConfig("decoder_conf: a decoder without its first or last layer names no tokens")
    hotwords = None
    if config.get("model") == SEACO:
        require(str(config.get("seaco_decoder")), CLASSES["decoder"], "seaco_decoder")
        hotwords = _decoder_config(config, "seaco_decoder_conf", width)
        _check_equal(model.inner_dim, width, "model_conf: inner_dim")
    return ParaformerConfig(model, encoder, decoder, _predictor_config(config, width), hotwords)


def _model_config(config: Mapping[str, Any]) -> ModelConfig:
    values = section_of(config, "model_conf")
    return ModelConfig(**known_values(values, ModelConfig, "model_conf", MODEL_VALUES, HOW_IT_WAS_TRAINED))


def _decoder_config(config: Mapping[str, Any], section: str, width: int) -> DecoderConfig:
    found = known(section_of(config, section), DecoderConfig, section, DECODER_VALUES)
    check_heads(width, found.attention_heads, section)
    if found.sanm_shfit > found.kernel_size // 2:
        raise UnsupportedConfig(f"{section}: sanm_shfit {found.sanm_shfit} is more than half of the kernel")
    return found


def _predictor_config(config: Mapping[str, Any], width: int) -> PredictorConfig:
    is_fine = config["predictor"] == CLASSES["predictor"][1]
    kind = FinePredictorConfig if is_fine else PredictorConfig
    values = section_of(config, "predictor_conf")
    if is_fine:  # FunASR takes another one where the key is absent
        require(values.get("upsample_type"), UPSAMPLINGS, "predictor_conf: upsample_type")
    found = known(values, kind, "predictor_conf", PREDICTOR_VALUES)
    _check_equal(found.idim, width, "predictor_conf: idim")
    if not 0 < found.smooth_factor <= 1 or not 0 < found.tail_threshold <= 1:
        raise UnsupportedConfig("predictor_conf: smooth_factor and tail_threshold must lie between 0 and 1")
    return found


def _check_equal(value: int, width: int, name: str) -> None:
    if value != width:
        raise UnsupportedConfig(f"{name} is {value}, the encoder has a width of {width}")
