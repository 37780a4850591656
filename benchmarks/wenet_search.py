"""Runs WeNet's own prefix beam search and attention rescoring from a checkout, with the weights of one of our networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn
from wenet_network import wenet_module

from app.engine.conformer import Conformer
from app.engine.decoding import EncodedBatch

BONUS = 4.0  # nats for each token of a hotword, as many as ours of the usual weight


class WenetSearch:
    """WeNet's searches over what one of our networks says of some speech."""

    def __init__(self, checkout: Path, ours: Conformer, config: dict[str, Any], batch: EncodedBatch) -> None:
        self._search = wenet_module(checkout, "search")
        self._batch = batch
        decoder = wenet_module(checkout, "decoder").BiTransformerDecoder(
            config["output_dim"], config["encoder_conf"]["output_size"], **config["decoder_conf"]
        )
        assert ours.decoder is not None
        decoder.load_state_dict(ours.decoder.state_dict(), strict=False)
        self._model = wenet_module(checkout, "asr_model").ASRModel(
            config["output_dim"],
            nn.Identity(),
            decoder,
            nn.Identity(),
            special_tokens=config["tokenizer_conf"]["special_tokens"],
        )
        self._model.eval()

    def graph(self, words: Sequence[str], units: Sequence[str], file: Path) -> Any:
        """Return WeNet's context graph; it reads words from a file only."""
        file.write_text("\n".join(words), encoding="utf-8")
        symbols = {unit: number for number, unit in enumerate(units)}
        return self._search.ContextGraph(str(file), symbols, context_score=BONUS)

    def beam(self, size: int, graph: Any = None) -> Any:
        return self._search.ctc_prefix_beam_search(
            self._batch.log_probs_BTV, self._batch.lengths_B, size, graph, blank_id=0
        )

    def rescoring(self, found: Sequence[Any], ctc_weight: float, reverse_weight: float) -> Any:
        return self._search.attention_rescoring(
            self._model, found, self._batch.encoded_BTD, self._batch.lengths_B, ctc_weight, reverse_weight
        )
