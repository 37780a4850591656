"""The Conformer of Gulati et al. 2020 in WeNet's form, module by module in paper order.

Parameter names are those of WeNet's checkpoints, so that a state dict loads as it is. Shape suffixes everywhere:
B batch, T frames, D model width, H heads, K width of a head, C channels, F frequencies, L tokens, V vocabulary,
R rows of tokens (hypotheses of all recordings, R = B * hypotheses of one).
"""

from app.engine.conformer.config import ConformerConfig, DecoderConfig, EncoderConfig
from app.engine.conformer.config_values import UnsupportedConfig
from app.engine.conformer.model import Conformer

__all__ = ["Conformer", "ConformerConfig", "DecoderConfig", "EncoderConfig", "UnsupportedConfig"]
