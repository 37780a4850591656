"""The native engine: waveforms -> features -> encoder -> CTC -> search -> text. It knows no files and no jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from app.engine import (
    SAMPLE_RATE,
    Engine,
    EngineInfo,
    EngineSpec,
    Hypothesis,
    RecognitionOptions,
    Utterance,
)
from app.engine.batching import Batcher
from app.engine.budget import choose_budget
from app.engine.checkpoint import Checkpoint, load_checkpoint
from app.engine.decoding import Decoded, Decoder, EncodedBatch
from app.engine.decoding.greedy import GreedyDecoder
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.decoding.rescoring import RescoringDecoder
from app.engine.device import DeviceChoice, choose_device, memory_errors_named, use_threads
from app.engine.features import KaldiFbank, pad_waveforms
from app.engine.receipts import decoding_line, hotword_lines, language_line, switch_line
from app.engine.text.itn import normalise
from app.engine.tokenizer import UNITS_FILE, Tokenizer
from app.errors import InferenceFailed, ModelWeightsMismatch
from app.transcript import Applied

UNSURE = "unsure"
LONE_TOKENS = 2  # a mean over so few says little: noise that becomes text mostly becomes one word
LONE_MINIMUM_CONFIDENCE = 0.4


def load_engine(spec: EngineSpec) -> Engine:
    """Load the model folder of the spec onto its device.

    Raises:
        ModelError: the folder does not hold a model that this program knows.
        DeviceUnavailable: the device asked for is absent, and a fallback is not allowed.
        OutOfMemory: the device cannot hold the weights.
    """
    started = time.perf_counter()
    use_threads(spec.threads)
    choice = choose_device(spec.device, allow_fallback=spec.allow_fallback)
    checkpoint = load_checkpoint(spec.model_dir, seal_padding=True)
    tokenizer = Tokenizer.from_folder(spec.model_dir)
    _check_units(checkpoint, tokenizer)
    with memory_errors_named():
        checkpoint.model.to(choice.device)
    return ConformerEngine(checkpoint, tokenizer, choice, spec.batch_seconds, started)


def _check_units(checkpoint: Checkpoint, tokenizer: Tokenizer) -> None:
    units, outputs = len(tokenizer.units), checkpoint.config.vocabulary_size
    if units != outputs:
        reason = f"it lists {units} units, the network has {outputs} outputs"
        raise ModelWeightsMismatch(file=str(checkpoint.folder / UNITS_FILE), reason=reason)


class ConformerEngine:
    """An Engine over one checkpoint on one device."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        tokenizer: Tokenizer,
        choice: DeviceChoice,
        batch_seconds: float,
        started: float,
    ) -> None:
        self._model = checkpoint.model
        self._device = choice.device
        self._fbank = KaldiFbank(checkpoint.config.input_dim).to(choice.device)
        self._tokenizer = tokenizer
        self._decoders = _decoders(checkpoint)
        self._minimum_confidence = checkpoint.minimum_confidence
        self._forbidden = {
            "zh": self._forbid(tokenizer.latin_ids - tokenizer.han_ids),
            "en": self._forbid(tokenizer.han_ids - tokenizer.latin_ids),
        }
        parameters = sum(parameter.numel() for parameter in self._model.parameters())
        budget = choose_budget(batch_seconds, choice.device, parameters, self._compute_noise)
        self._batcher = Batcher(self._recognise, budget, choice.device)
        self.info = EngineInfo(
            model=checkpoint.folder.resolve().name,
            device=str(choice.device),
            dtype="float32",
            languages=tokenizer.languages,
            parameters=parameters,
            load_seconds=time.perf_counter() - started,
            versions=(("torch", str(torch.__version__)),),  # str: its own class would bring torch along
            receipt=(*choice.receipt, budget.line()),
            batch_seconds=budget.seconds,
            abilities=("times", "hotwords"),
        )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        return self._batcher.transcribe(utterances)

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Say what each option became."""
        decoder = self._decoders[options.quality]
        can_rescore = self._model.decoder is not None
        return (
            language_line(options, self._tokenizer.languages),
            decoding_line(options, decoder.name, can_rescore=can_rescore),
            *hotword_lines(options, ()),
            switch_line("itn", is_on=options.itn),
        )

    # Waveforms to hypotheses

    def _compute_noise(self, seconds: float) -> None:
        noise = torch.rand(round(seconds * SAMPLE_RATE)).sub(0.5).numpy()
        self._recognise([Utterance(noise, RecognitionOptions())])

    def _recognise(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Recognise one batch; memory that runs out is the caller's to handle."""
        try:
            with torch.inference_mode(), memory_errors_named():
                decoded = self._search(self._encode(utterances), utterances)
        except RuntimeError as error:
            raise InferenceFailed(detail=str(error).splitlines()[0]) from error
        return [self._write(*pair) for pair in zip(decoded, utterances, strict=True)]

    def _encode(self, utterances: Sequence[Utterance]) -> EncodedBatch:
        waveforms = [utterance.waveform for utterance in utterances]
        languages = [utterance.options.language for utterance in utterances]
        features, feature_lengths = self._fbank(*pad_waveforms(waveforms, self._device))
        encoded, log_probs, lengths = self._model(features, feature_lengths)
        return EncodedBatch(encoded, self._restrict(log_probs, languages), lengths)

    def _restrict(self, log_probs_BTV: Tensor, languages: Sequence[str]) -> Tensor:
        """Forbid each utterance the characters of the other language, where one was chosen."""
        if not any(language in self._tokenizer.languages for language in languages):
            return log_probs_BTV
        nothing = torch.zeros_like(self._forbidden["zh"])
        known = self._tokenizer.languages
        rows = [self._forbidden[name] if name in known else nothing for name in languages]
        return log_probs_BTV.masked_fill(torch.stack(rows)[:, None], float("-inf"))

    def _forbid(self, ids: frozenset[int]) -> Tensor:
        forbidden = torch.zeros(len(self._tokenizer.units), dtype=torch.bool, device=self._device)
        forbidden[sorted(ids)] = True
        return forbidden

    def _search(self, batch: EncodedBatch, utterances: Sequence[Utterance]) -> list[Decoded]:
        """Search the rows of each quality together."""
        found: dict[int, Decoded] = {}
        for quality, decoder in self._decoders.items():
            rows = [row for row, utterance in enumerate(utterances) if utterance.options.quality == quality]
            if rows:
                found.update(zip(rows, decoder.decode(batch.rows(rows)), strict=True))
        return [found[row] for row in range(len(utterances))]

    # Tokens to text

    def _write(self, decoded: Decoded, utterance: Utterance) -> Hypothesis:
        confidence = decoded.confidence
        if confidence is not None and confidence < self._needed_confidence(decoded):
            return Hypothesis(text="", text_raw="", confidence=confidence, dropped=UNSURE)
        text_raw = self._tokenizer.decode(decoded.tokens)
        return Hypothesis(normalise(text_raw) if utterance.options.itn else text_raw, text_raw, confidence)

    def _needed_confidence(self, decoded: Decoded) -> float:
        """What a text must reach to be shown; a model may ask for nothing with `minimum_confidence: 0`."""
        if self._minimum_confidence and len(decoded.tokens) <= LONE_TOKENS:
            return max(self._minimum_confidence, LONE_MINIMUM_CONFIDENCE)
        return self._minimum_confidence


def _decoders(checkpoint: Checkpoint) -> dict[str, Decoder]:
    """Return the search of each quality; without an attention decoder the beam is the most accurate."""
    blank_id = checkpoint.config.blank_id
    beam = PrefixBeamDecoder(blank_id)
    rescoring = RescoringDecoder(checkpoint.model, beam) if checkpoint.model.decoder else None
    return {"fast": GreedyDecoder(blank_id), "balanced": beam, "accurate": rescoring or beam}
