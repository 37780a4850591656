"""The native engine: waveforms -> features -> encoder -> CTC -> search -> text. No files, no jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

import torch
from torch import Tensor

from app.domain.errors.inference import InferenceFailed
from app.domain.errors.models import ModelWeightsMismatch
from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied
from app.engine import SAMPLE_RATE, Engine, EngineInfo, EngineSpec, Hypothesis, Utterance
from app.engine.computing.batching import Batcher
from app.engine.computing.device import bound_shape_caches, memory_errors_named, use_threads
from app.engine.computing.memory_budget import choose_budget
from app.engine.computing.precision import Placement, place
from app.engine.decoding import Decoded, Decoder, EncodedBatch
from app.engine.decoding.greedy import GreedyDecoder
from app.engine.decoding.hotwords import ContextGraph
from app.engine.decoding.language_model import NGRAM_FILE, LanguageModel, NgramModel
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.decoding.rescoring import RescoringDecoder
from app.engine.features.features import front_end, pad_waveforms
from app.engine.native.checkpoint import Checkpoint, load_checkpoint
from app.engine.punctuator import punctuator_of
from app.engine.receipts import (
    decoding_line,
    hotword_lines,
    language_line,
    punctuation_line,
    switch_line,
)
from app.engine.text.punctuation import Punctuator
from app.engine.text.writing import write
from app.engine.tokens.alignment import align, confidence
from app.engine.tokens.tokenizer import UNITS_FILE, Tokenizer
from app.engine.tokens.words import FrameTimes, spoken_words

UNSURE = "unsure"
FEW_TOKENS = ((2, 0.4), (4, 0.3))
"""Pairs of token count and required confidence: a mean over few tokens says little, and noise yields a word or two."""
GRAPHS_KEPT = 16  # cached hotword graphs: the segments of one recording arrive one after the other


def load_engine(spec: EngineSpec) -> Engine:
    """Load the spec's model folder onto its device.

    Raises:
        ModelError: the folder does not hold a supported model.
        DeviceUnavailable: the requested device is absent, and a fallback is not allowed.
        OutOfMemory: the device cannot hold the weights.
    """
    started = time.perf_counter()
    bound_shape_caches()
    use_threads(spec.threads)
    checkpoint = load_checkpoint(spec.model_dir, seal_padding=True)
    tokenizer = Tokenizer.from_folder(spec.model_dir)
    _check_units(checkpoint, tokenizer)
    with memory_errors_named():
        placement = place(checkpoint.model, spec.device, spec.dtype, allow_fallback=spec.allow_fallback)
    punctuator = punctuator_of(spec.punctuation_model)
    return ConformerEngine(checkpoint, tokenizer, placement, punctuator, spec.batch_seconds, started)


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
        placement: Placement,
        punctuator: Punctuator,
        batch_seconds: float,
        started: float,
    ) -> None:
        self._model = checkpoint.model
        self._device = placement.device
        config = checkpoint.config
        self._front_end = front_end(config.features, config.input_dim).to(placement.device)
        self._tokenizer = tokenizer
        self._blank_id = checkpoint.config.blank_id
        self._times = FrameTimes.of(
            checkpoint.model.encoder.convolutions, self._front_end.first_centre, self._front_end.shift
        )
        self._decoders = _decoders(checkpoint)
        self._graph = lru_cache(maxsize=GRAPHS_KEPT)(partial(ContextGraph.build, tokenizer=tokenizer))
        self._punctuator = punctuator
        self._minimum_confidence = checkpoint.minimum_confidence
        self._forbidden = {
            "zh": self._forbid(tokenizer.latin_ids - tokenizer.han_ids),
            "en": self._forbid(tokenizer.han_ids - tokenizer.latin_ids),
        }
        budget = choose_budget(batch_seconds, placement.device, checkpoint.parameters, self._compute_noise)
        self._batcher = Batcher(self._recognise, budget, placement.device)
        self.info = EngineInfo(
            model=checkpoint.folder.resolve().name,
            device=str(placement.device),
            dtype=placement.dtype,
            languages=tokenizer.languages,
            parameters=checkpoint.parameters,
            load_seconds=time.perf_counter() - started,
            versions=(("torch", str(torch.__version__)),),  # str: its own class would bring torch along
            receipt=(*placement.receipt, budget.line()),
            batch_seconds=budget.seconds,
        )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        return self._batcher.transcribe(utterances)

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Return how each option was applied."""
        decoder = self._decoders[options.quality]
        can_rescore = self._model.decoder is not None
        return (
            language_line(options, self._tokenizer.languages),
            decoding_line(options, decoder.name, can_rescore=can_rescore),
            *hotword_lines(options, self._graph(options.hotwords)[1]),
            switch_line("itn", is_on=options.itn),
            punctuation_line(options, self._punctuator.name),
        )

    # Waveforms to hypotheses

    def _compute_noise(self, seconds: float) -> None:
        noise = torch.rand(round(seconds * SAMPLE_RATE)).sub(0.5).numpy()
        self._recognise([Utterance(noise, RecognitionOptions())])

    def _recognise(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Recognise one batch; the caller handles out-of-memory errors."""
        try:
            with torch.inference_mode(), memory_errors_named():
                batch, foreign = self._encode(utterances)
                decoded = self._search(batch, utterances)
                frames = zip(batch.log_probs_BTV, batch.lengths_B.tolist(), strict=True)
                written = [
                    self._write(utterance, found, log_probs_TV[:length])
                    for utterance, found, (log_probs_TV, length) in zip(utterances, decoded, frames, strict=True)
                ]
                return [
                    replace(hypothesis, foreign_share=share) for hypothesis, share in zip(written, foreign, strict=True)
                ]
        except RuntimeError as error:
            raise InferenceFailed(detail=str(error).splitlines()[0]) from error

    def _encode(self, utterances: Sequence[Utterance]) -> tuple[EncodedBatch, list[float | None]]:
        """Return the input of the search, and each utterance's foreign share."""
        waveforms = [utterance.waveform for utterance in utterances]
        languages = [utterance.options.language for utterance in utterances]
        features, feature_lengths = self._front_end(*pad_waveforms(waveforms, self._device))
        encoded, log_probs, lengths = self._model(features, feature_lengths)
        contexts = tuple(self._graph(utterance.options.hotwords)[0] for utterance in utterances)
        forbidden_BV = self._forbidden_to(languages)
        foreign = self._foreign_shares(log_probs, lengths, forbidden_BV)
        if forbidden_BV is not None:
            log_probs = log_probs.masked_fill(forbidden_BV[:, None], float("-inf"))
        return EncodedBatch(encoded, log_probs, lengths, contexts), foreign

    def _forbidden_to(self, languages: Sequence[str]) -> Tensor | None:
        """Return the other language's units for each utterance with a chosen language; None if there is none."""
        known = self._tokenizer.languages
        if not any(language in known for language in languages):
            return None
        nothing = torch.zeros_like(self._forbidden["zh"])
        return torch.stack([self._forbidden[name] if name in known else nothing for name in languages])

    def _foreign_shares(
        self, log_probs_BTV: Tensor, lengths_B: Tensor, forbidden_BV: Tensor | None
    ) -> list[float | None]:
        """Return, for each utterance, the share of frames whose likeliest token was forbidden."""
        if forbidden_BV is None:
            return [None] * len(lengths_B)
        likeliest_BT = log_probs_BTV.argmax(dim=-1)
        shares: list[float | None] = []
        for row, length in enumerate(lengths_B.tolist()):
            tokens = likeliest_BT[row, :length]
            tokens = tokens[tokens != self._blank_id]
            is_foreign = forbidden_BV[row][tokens]
            has_evidence = len(tokens) and bool(forbidden_BV[row].any())
            shares.append(float(is_foreign.float().mean()) if has_evidence else None)
        return shares

    def _forbid(self, ids: frozenset[int]) -> Tensor:
        forbidden = torch.zeros(len(self._tokenizer.units), dtype=torch.bool, device=self._device)
        forbidden[sorted(ids)] = True
        return forbidden

    def _search(self, batch: EncodedBatch, utterances: Sequence[Utterance]) -> list[Decoded]:
        """Decode the utterances, grouped by quality."""
        found: dict[int, Decoded] = {}
        for quality, decoder in self._decoders.items():
            rows = [row for row, utterance in enumerate(utterances) if utterance.options.quality == quality]
            if rows:
                found.update(zip(rows, decoder.decode(batch.rows(rows)), strict=True))
        return [found[row] for row in range(len(utterances))]

    # Tokens to text

    def _write(self, utterance: Utterance, decoded: Decoded, log_probs_TV: Tensor) -> Hypothesis:
        """Add times and probabilities to the decoded tokens, and convert them to written text."""
        spans = align(log_probs_TV, decoded.tokens, self._blank_id)
        certainty = confidence(spans)
        if certainty is not None and certainty < self._needed_confidence(decoded):
            return Hypothesis(text="", text_raw="", confidence=certainty, dropped=UNSURE)
        waveform, options = utterance.waveform, utterance.options
        words = spoken_words(spans, decoded.tokens, self._tokenizer, self._times, waveform)
        punctuation = self._punctuator if options.punctuation else None
        written = write(words, utterance.seconds, itn=options.itn, punctuation=punctuation)
        return Hypothesis(written.text, written.text_raw, certainty, words=written.words)

    def _needed_confidence(self, decoded: Decoded) -> float:
        """Return the confidence needed to show a text; `minimum_confidence: 0` disables the check."""
        needed = (least for most, least in FEW_TOKENS if len(decoded.tokens) <= most)
        return max(self._minimum_confidence, next(needed, 0.0)) if self._minimum_confidence else 0.0


def _decoders(checkpoint: Checkpoint) -> dict[str, Decoder]:
    """Return the decoder of each quality; without attention decoders, beam search is the most accurate."""
    blank_id = checkpoint.config.blank_id
    beam = PrefixBeamDecoder(blank_id, language_model=_language_model(checkpoint))
    rescoring = RescoringDecoder(checkpoint.model, beam) if checkpoint.model.decoder else None
    return {"fast": GreedyDecoder(blank_id), "balanced": beam, "accurate": rescoring or beam}


def _language_model(checkpoint: Checkpoint) -> LanguageModel | None:
    """Return the n-gram model beside the weights, if there is one."""
    file = checkpoint.folder / NGRAM_FILE
    return NgramModel.load(file, checkpoint.config.vocabulary_size) if file.exists() else None
