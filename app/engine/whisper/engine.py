"""A Whisper model as an Engine: features, CTranslate2's search, times from its attention, and the guards.

Waveforms are not padded to the 30 seconds that the network was trained on: a few seconds of silence are enough
(measured; docs/decisions), one for a network tuned so, which makes short pieces much cheaper. No files, no jobs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import ctranslate2
import numpy as np
import torch

from app.domain.errors.inference import DeviceUnavailable, InferenceFailed, OutOfMemory
from app.domain.errors.models import ModelFolderMissing
from app.domain.languages import TRADITIONAL
from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied, Word, join_texts
from app.engine import SAMPLE_RATE, EngineInfo, EngineSpec, Hypothesis, Utterance, Waveform
from app.engine.catalog.whisper_folder import CONFIG_FILE, languages_of, read_json, require_files, silence_of
from app.engine.catalog.whisper_weights import WeightsFacts, read_facts
from app.engine.computing.batching import Batcher
from app.engine.computing.device import bound_shape_caches, memory_errors_named, use_threads
from app.engine.computing.memory_budget import MemoryBudget
from app.engine.computing.splitting import join, quietest_point
from app.engine.features.whisper_mel import FRAMES_PER_SECOND, SILENCE_SECONDS, LogMel, padded_frames
from app.engine.punctuator import punctuator_of
from app.engine.text.punctuation import Punctuator
from app.engine.tokens.alignment import TokenSpan, confidence
from app.engine.tokens.tokenizer import Tokenizer
from app.engine.tokens.words import FrameTimes, spoken_words
from app.engine.whisper.candidates import LANGUAGES, CandidateScorer, read_scorer
from app.engine.whisper.guards import Evidence, repeats, why_withheld
from app.engine.whisper.network import (
    foreign_share,
    is_audible,
    joined_span,
    load_network,
    mean_log_probability,
    token_spans,
    try_network,
)
from app.engine.whisper.placement import WhisperPlacement, choose_placement, on_cpu
from app.engine.whisper.receipts import option_lines, usable_hotwords
from app.engine.whisper.script import convert, with_wide_marks
from app.engine.whisper.spoken_language import language_to_read, mean_of_frames, read_language_line
from app.engine.whisper.vocabulary import Piece, Vocabulary

LONGEST_SECONDS = 28.0  # per piece: some silence must follow it
ATTENTION_TIMES = FrameTimes(first_centre=0.01, step=0.02)
BEAMS = {"fast": 1, "balanced": 5, "accurate": 5}
SCORED_BEAMS = {"fast": 1, "balanced": 5, "accurate": 8}  # where n-grams choose among the candidates
MOST_TOKENS_PER_SECOND = 16  # twice the fastest speech
MOST_TOKENS = 224
TOKENS_ANYWAY = 16
NO_REPEAT = 3  # words; in a looping text, the same three may not repeat
GPU_SECONDS = 480.0  # sixteen windows, with padding
EMPTY = Hypothesis(text="", text_raw="", confidence=None)


def load_whisper_engine(spec: EngineSpec) -> WhisperEngine:
    """See app.engine.whisper.load_engine."""
    started = time.perf_counter()
    bound_shape_caches()
    threads = use_threads(spec.threads)
    folder = spec.model_dir
    if not folder.is_dir():
        raise ModelFolderMissing(folder=str(folder))
    require_files(folder)
    read_json(folder / CONFIG_FILE)
    facts = read_facts(folder)
    vocabulary = Vocabulary(folder, facts.vocabulary_size)
    placement = choose_placement(spec.device, spec.dtype, allow_fallback=spec.allow_fallback)
    network, placement = _load(folder, placement, threads, spec)
    return WhisperEngine(spec, facts, vocabulary, network, placement, started)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Search result of one waveform."""

    tokens: Sequence[int]
    language: str
    no_speech: float
    favourite_tokens: int
    """Of the text that the network finds likeliest, whichever was chosen: that one tells speech from noise."""
    log_probability: float
    """Of that one, the mean."""
    spans: Sequence[TokenSpan]
    foreign_share: float | None


class WhisperEngine:
    """An Engine over one network on one device."""

    def __init__(
        self,
        spec: EngineSpec,
        facts: WeightsFacts,
        vocabulary: Vocabulary,
        network: Any,
        placement: WhisperPlacement,
        started: float,
    ) -> None:
        self._vocabulary = vocabulary
        self._network = network
        self._mel = LogMel(facts.mel_bins)
        self._silence_seconds = silence_of(spec.model_dir, SILENCE_SECONDS)
        self._languages = languages_of(spec.model_dir)
        self._language_line = read_language_line(spec.model_dir)
        self._scorer = read_scorer(spec.model_dir)
        self._punctuator: Punctuator = punctuator_of(spec.punctuation_model)
        self._lock = Lock()
        budget = MemoryBudget(
            spec.batch_seconds or (GPU_SECONDS if placement.device == "cuda" else 0.0),
            f"{spec.batch_seconds:g} s" if spec.batch_seconds else "auto",
        )
        self._batcher = Batcher(self._recognise, budget, torch.device("cpu"))
        self.info = EngineInfo(
            model=spec.model_dir.resolve().name,
            device=placement.name,
            dtype=placement.compute_type,
            languages=self._languages,
            parameters=facts.parameters,
            load_seconds=time.perf_counter() - started,
            versions=(("ctranslate2", str(ctranslate2.__version__)),),
            receipt=(*placement.receipt, budget.line()),
            batch_seconds=budget.seconds,
        )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        with self._lock:
            return self._batcher.transcribe(utterances)

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Return how each option was applied."""
        return option_lines(options, self._languages, self._search_named(options), self._vocabulary)

    def _search_named(self, options: RecognitionOptions) -> str:
        is_other = options.language in self._languages and options.language not in LANGUAGES
        scorer = None if is_other else self._scorer
        beam = (SCORED_BEAMS if scorer else BEAMS)[options.quality]
        if beam == 1:
            return "greedy"
        return f"beam {beam} + {scorer.ngrams.name} (zh)" if scorer else f"beam {beam}"

    # Batches

    def _recognise(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Recognise one batch, grouped by options; the caller handles out-of-memory errors."""
        rows: dict[RecognitionOptions, list[int]] = {}
        found: dict[int, Hypothesis] = {}
        for row, utterance in enumerate(utterances):
            if not is_audible(utterance.waveform):
                found[row] = EMPTY
            elif utterance.seconds > LONGEST_SECONDS:
                found[row] = self._in_parts(utterance)
            else:
                rows.setdefault(utterance.options, []).append(row)
        for options, alike in rows.items():
            waveforms = [utterances[row].waveform for row in alike]
            found.update(zip(alike, self._read_named(waveforms, options), strict=True))
        return [found[row] for row in range(len(utterances))]

    def _in_parts(self, utterance: Utterance) -> Hypothesis:
        waveform = utterance.waveform
        cut = quietest_point(waveform) or len(waveform) // 2
        parts = [replace(utterance, waveform=part) for part in (waveform[:cut], waveform[cut:])]
        first, second = (self._recognise([part])[0] for part in parts)
        return join(first, second, cut / SAMPLE_RATE)

    def _read_named(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Hypothesis]:
        try:
            with memory_errors_named():
                heard = self._read(waveforms, options)
        except (OutOfMemory, InferenceFailed):
            raise
        except (RuntimeError, ValueError) as error:
            raise InferenceFailed(detail=(str(error).splitlines() or [type(error).__name__])[0]) from error
        return [self._write(found, waveform, options) for found, waveform in zip(heard, waveforms, strict=True)]

    # Waveforms to tokens

    def _read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[_Heard]:
        encoded = self._encode(waveforms)
        told = self._listen_for_language(encoded, waveforms)
        languages = [language_to_read(options.language, each, self._languages) for each in told]
        if len(set(languages)) > 1:
            alone = [replace(options, language=language) for language in languages]
            return [self._read([waveforms[row]], alone[row])[0] for row in range(len(waveforms))]
        shares = [foreign_share(options.language, each) for each in told]
        return self._search(encoded, waveforms, languages[0], options, shares)

    def _encode(self, waveforms: Sequence[Waveform]) -> Any:
        frames = padded_frames(waveforms, self._silence_seconds)
        features = np.stack([self._mel(waveform, frames) for waveform in waveforms])
        return self._network.encode(ctranslate2.StorageView.from_array(features))

    def _listen_for_language(self, encoded: Any, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        """Return the probability of each language for each waveform; empty for a monolingual model."""
        if self._language_line:
            at_hand = encoded if encoded.device == "cpu" else encoded.to_device(ctranslate2.Device.cpu)
            return [self._language_line.probabilities(mean) for mean in mean_of_frames(at_hand, waveforms)]
        if not self._network.is_multilingual:
            return [{}] * encoded.shape[0]
        found = self._network.detect_language(encoded)
        return [{token.strip("<|>"): probability for token, probability in each} for each in found]

    def _search(
        self,
        encoded: Any,
        waveforms: Sequence[Waveform],
        language: str,
        options: RecognitionOptions,
        shares: Sequence[float | None],
    ) -> list[_Heard]:
        spoken = "zh" if language == TRADITIONAL else language
        prompt = self._vocabulary.prompt(spoken, self._context(options))
        longest = max(len(waveform) for waveform in waveforms) / SAMPLE_RATE
        scorer = self._scorer if language in LANGUAGES else None
        beam = (SCORED_BEAMS if scorer else BEAMS)[options.quality]
        generate = partial(self._generate, encoded, prompt, longest, beam, beam if scorer else 1)
        results = generate(repeat_limit=0)
        texts = [self._best(result, options, scorer) for result in results]
        if len(waveforms) == 1 and repeats(self._spelled(texts[0])):
            results = generate(repeat_limit=NO_REPEAT)
            texts = [self._best(result, options, scorer) for result in results]
        aligned = self._align(encoded, spoken, texts, waveforms)
        return [
            _Heard(
                tokens=tokens,
                language=language,
                no_speech=float(result.no_speech_prob),
                favourite_tokens=len(favourite),
                log_probability=mean_log_probability(result.scores[0], len(favourite)),
                spans=spans,
                foreign_share=share,
            )
            for tokens, result, spans, share in zip(texts, results, aligned, shares, strict=True)
            for favourite in [self._vocabulary.text_tokens(result.sequences_ids[0])]
        ]

    def _best(self, result: Any, options: RecognitionOptions, scorer: CandidateScorer | None) -> list[int]:
        """Return the tokens of the text with which a search ends: the likeliest one, or the scorer's choice."""
        candidates = [self._vocabulary.text_tokens(tokens) for tokens in result.sequences_ids]
        if scorer is None or len(candidates) < 2:
            return candidates[0]
        heard = [float(score) * max(1, len(tokens)) for score, tokens in zip(result.scores, candidates, strict=True)]
        return candidates[scorer.best([self._spelled(tokens) for tokens in candidates], heard, options.hotwords)]

    def _context(self, options: RecognitionOptions) -> list[int]:
        """Return the hotwords as preceding text: what was said once is likely to be said again."""
        return usable_hotwords(options.hotwords, self._vocabulary).tokens

    def _generate(
        self, encoded: Any, prompt: Sequence[int], seconds: float, beam: int, candidates: int, *, repeat_limit: int
    ) -> list[Any]:
        most = min(MOST_TOKENS, int(seconds * MOST_TOKENS_PER_SECOND) + TOKENS_ANYWAY)
        return list(
            self._network.generate(
                encoded,
                [list(prompt)] * encoded.shape[0],
                beam_size=beam,
                num_hypotheses=candidates,
                max_length=2 * most,  # CTranslate2 uses half of it for new tokens
                no_repeat_ngram_size=repeat_limit,
                return_scores=True,
                return_no_speech_prob=True,
            )
        )

    def _align(
        self, encoded: Any, language: str, texts: Sequence[Sequence[int]], waveforms: Sequence[Waveform]
    ) -> list[list[TokenSpan]]:
        """Return the frames (20 ms) and the probability of every token."""
        if not any(texts):
            return [[] for _ in texts]
        frames = [max(2, len(waveform) * FRAMES_PER_SECOND // SAMPLE_RATE) for waveform in waveforms]
        start = self._vocabulary.prompt(language)[:-1]  # alignment is computed for the text itself
        found = self._network.align(encoded, start, [list(text) for text in texts], frames)
        return [
            token_spans(result, len(text), frame_count // 2)
            for result, text, frame_count in zip(found, texts, frames, strict=True)
        ]

    # Tokens to text

    def _spelled(self, tokens: Sequence[int]) -> str:
        return "".join(piece.text for piece in self._vocabulary.pieces(tokens))

    def _write(self, heard: _Heard, waveform: Waveform, options: RecognitionOptions) -> Hypothesis:
        pieces = self._vocabulary.pieces(heard.tokens)
        seconds = len(waveform) / SAMPLE_RATE
        certainty = confidence(heard.spans)
        evidence = Evidence(
            text="".join(piece.text for piece in pieces),
            tokens=heard.favourite_tokens,
            seconds=seconds,
            no_speech=heard.no_speech,
            log_probability=heard.log_probability,
        )
        if reason := why_withheld(evidence):
            return Hypothesis(text="", text_raw="", confidence=certainty, dropped=reason)
        words = self._words(pieces, heard, waveform)
        if options.punctuation and not any(_is_punctuated(word) for word in words):
            words = self._punctuator.punctuate(words, seconds)
        text = join_texts(word.text for word in words)
        raw = join_texts(word.raw or word.text for word in words)
        return Hypothesis(
            text,
            raw,
            certainty,
            words=tuple(words),
            foreign_share=heard.foreign_share,
            language="" if options.language in self._languages else heard.language,
        )

    def _words(self, pieces: Sequence[Piece], heard: _Heard, waveform: Waveform) -> tuple[Word, ...]:
        texts = convert([piece.text for piece in pieces], heard.language)
        spans = [joined_span(heard.spans[piece.first : piece.end]) for piece in pieces]
        units = Tokenizer(tuple(texts))
        words = spoken_words(spans, range(len(texts)), units, ATTENTION_TIMES, waveform)
        return tuple(replace(word, text=with_wide_marks(word.text)) for word in words)


def _load(folder: Path, placement: WhisperPlacement, threads: int, spec: EngineSpec) -> tuple[Any, WhisperPlacement]:
    """Load the network and run a second of silence: some GPU errors only occur then."""
    try:
        network = load_network(folder, placement, threads)
        if placement.device == "cuda":
            try_network(network)
    except DeviceUnavailable as broken:
        if spec.device != "auto" and not spec.allow_fallback:
            raise
        placement = on_cpu(placement, spec.dtype, broken.params["reason"])
        network = load_network(folder, placement, threads)
    return network, placement


def _is_punctuated(word: Word) -> bool:
    return len(word.text) > 1 and not word.text[-1].isalnum() and word.text[-1] not in "'’%\"”"
