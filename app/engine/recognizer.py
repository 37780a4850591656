"""The native engine: waveforms -> features -> encoder -> CTC -> search -> text. It knows no files and no jobs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

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
    Waveform,
)
from app.engine.checkpoint import Checkpoint, load_checkpoint
from app.engine.decoding import Decoded, Decoder, EncodedBatch
from app.engine.decoding.greedy import GreedyDecoder
from app.engine.device import DeviceChoice, choose_device, memory_errors_named, release_memory, use_threads
from app.engine.features import KaldiFbank, pad_waveforms
from app.engine.text.itn import normalise
from app.engine.tokenizer import UNITS_FILE, Tokenizer
from app.errors import N_, InferenceFailed, ModelWeightsMismatch, OutOfMemory
from app.transcript import Applied

MAX_BATCH_SECONDS = 120  # padded seconds computed at once on a GPU; a CPU is fastest with one at a time
UNSURE = "unsure"
LONE_TOKENS = 2  # a mean over so few says little: noise that becomes text mostly becomes one word
LONE_MINIMUM_CONFIDENCE = 0.4


def load_engine(spec: EngineSpec) -> Engine:
    """Load the model folder of the spec onto its device.

    Raises:
        ModelError: the folder does not hold a model that this program knows.
        DeviceUnavailable: the device asked for is absent.
        OutOfMemory: the device cannot hold the weights.
    """
    started = time.perf_counter()
    use_threads(spec.threads)
    choice = choose_device(spec.device)
    checkpoint = load_checkpoint(spec.model_dir, seal_padding=True)
    tokenizer = Tokenizer.from_folder(spec.model_dir)
    _check_units(checkpoint, tokenizer)
    with memory_errors_named():
        checkpoint.model.to(choice.device)
    return ConformerEngine(checkpoint, tokenizer, choice, time.perf_counter() - started)


def _check_units(checkpoint: Checkpoint, tokenizer: Tokenizer) -> None:
    units, outputs = len(tokenizer.units), checkpoint.config.vocabulary_size
    if units != outputs:
        reason = f"it lists {units} units, the network has {outputs} outputs"
        raise ModelWeightsMismatch(file=str(checkpoint.folder / UNITS_FILE), reason=reason)


class ConformerEngine:
    """An Engine over one checkpoint on one device."""

    def __init__(
        self, checkpoint: Checkpoint, tokenizer: Tokenizer, choice: DeviceChoice, load_seconds: float
    ) -> None:
        self._model = checkpoint.model
        self._device = choice.device
        self._fbank = KaldiFbank(checkpoint.config.input_dim).to(choice.device)
        self._tokenizer = tokenizer
        self._decoder: Decoder = GreedyDecoder(checkpoint.config.blank_id)
        self._minimum_confidence = checkpoint.minimum_confidence
        self._forbidden = {
            "zh": self._forbid(tokenizer.latin_ids - tokenizer.han_ids),
            "en": self._forbid(tokenizer.han_ids - tokenizer.latin_ids),
        }
        self.info = EngineInfo(
            model=checkpoint.folder.resolve().name,
            device=str(choice.device),
            dtype="float32",
            languages=tokenizer.languages,
            parameters=sum(parameter.numel() for parameter in self._model.parameters()),
            load_seconds=load_seconds,
            versions=(
                ("torch", str(torch.__version__)),
            ),  # its own class would bring torch to whoever receives it
            receipt=choice.receipt,
        )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        hypotheses: dict[int, Hypothesis] = {}
        for batch in self._batches([utterance.waveform for utterance in utterances]):
            decoded = self._decode([utterances[index] for index in batch])
            for index, tokens in zip(batch, decoded, strict=True):
                hypotheses[index] = self._write(tokens, utterances[index].options)
        return [hypotheses[index] for index in range(len(utterances))]

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Say what each option became."""
        return (self._language(options), self._hotwords(options), _itn(options), self._search())

    # Waveforms to tokens

    def _batches(self, waveforms: Sequence[Waveform]) -> Iterator[list[int]]:
        """Yield indices that are computed together: of similar length, within MAX_BATCH_SECONDS padded."""
        most_samples = 0 if self._device.type == "cpu" else MAX_BATCH_SECONDS * SAMPLE_RATE
        batch: list[int] = []
        for index in sorted(range(len(waveforms)), key=lambda i: len(waveforms[i])):
            if batch and len(waveforms[index]) * (len(batch) + 1) > most_samples:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    def _decode(self, utterances: Sequence[Utterance]) -> list[Decoded]:
        """Decode one batch; where memory is short, decode its halves."""
        try:
            return self._decode_at_once(utterances)
        except OutOfMemory:
            release_memory(self._device)
            if len(utterances) == 1:
                raise
        half = len(utterances) // 2
        return self._decode(utterances[:half]) + self._decode(utterances[half:])

    def _decode_at_once(self, utterances: Sequence[Utterance]) -> list[Decoded]:
        waveforms = [utterance.waveform for utterance in utterances]
        languages = [utterance.options.language for utterance in utterances]
        try:
            with torch.inference_mode(), memory_errors_named():
                features, feature_lengths = self._fbank(*pad_waveforms(waveforms, self._device))
                encoded, log_probs, lengths = self._model(features, feature_lengths)
                allowed = self._restrict(log_probs, languages)
                return self._decoder.decode(EncodedBatch(encoded, allowed, lengths))
        except RuntimeError as error:
            raise InferenceFailed(detail=str(error).splitlines()[0]) from error

    def _restrict(self, log_probs_BTV: Tensor, languages: Sequence[str]) -> Tensor:
        if not any(language in self.info.languages for language in languages):
            return log_probs_BTV
        nothing = torch.zeros_like(self._forbidden["zh"])
        rows = [self._forbidden[name] if name in self.info.languages else nothing for name in languages]
        return log_probs_BTV.masked_fill(torch.stack(rows)[:, None], float("-inf"))

    def _forbid(self, ids: frozenset[int]) -> Tensor:
        forbidden = torch.zeros(len(self._tokenizer.units), dtype=torch.bool, device=self._device)
        forbidden[sorted(ids)] = True
        return forbidden

    # Tokens to text

    def _write(self, decoded: Decoded, options: RecognitionOptions) -> Hypothesis:
        confidence = decoded.confidence
        if confidence is not None and confidence < self._needed_confidence(decoded):
            return Hypothesis(text="", text_raw="", confidence=confidence, dropped=UNSURE)
        text_raw = self._tokenizer.decode(decoded.tokens)
        return Hypothesis(normalise(text_raw) if options.itn else text_raw, text_raw, confidence)

    def _needed_confidence(self, decoded: Decoded) -> float:
        """What a text must reach to be shown; a model may ask for nothing with `minimum_confidence: 0`."""
        if self._minimum_confidence and len(decoded.tokens) <= LONE_TOKENS:
            return max(self._minimum_confidence, LONE_MINIMUM_CONFIDENCE)
        return self._minimum_confidence

    # Receipt

    def _language(self, options: RecognitionOptions) -> Applied:
        asked = options.language
        if asked == "auto" or asked in self.info.languages:
            return Applied("language", asked, asked)
        return Applied("language", asked, "auto", N_("This model does not know the language."))

    def _hotwords(self, options: RecognitionOptions) -> Applied:
        asked = ", ".join(map(str, options.hotwords))
        reason = N_("Greedy decoding reads every frame alone: it cannot prefer words.") if asked else ""
        return Applied("hotwords", asked, "", reason)

    def _search(self) -> Applied:
        return Applied("decoding", "auto", self._decoder.name)


def _itn(options: RecognitionOptions) -> Applied:
    asked = "on" if options.itn else "off"
    return Applied("itn", asked, asked)
