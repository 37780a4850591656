"""SenseVoiceSmall in our own engine: its tags, the search over its frames, and its own punctuation.

Its tags for language, emotion and events are not text: units with that spelling are never written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial

import torch
from torch import Tensor

from app.domain.errors.base import N_, Reason
from app.domain.errors.models import ModelFileUnreadable, ModelWeightsMismatch
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Waveform
from app.engine.computing.device import memory_errors_named
from app.engine.computing.precision import place
from app.engine.decoding import Decoded, Decoder, EncodedBatch
from app.engine.decoding.greedy import GreedyDecoder
from app.engine.decoding.hotwords import ContextGraph
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.features.features import pad_waveforms
from app.engine.funasr.family import Placed, Reading, read_from_frames
from app.engine.sanm.config import encoder_config, frontend_config
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.pieces import read_pieces
from app.engine.sanm.sensevoice import QUESTIONS, SenseVoiceSmall
from app.engine.tokens.alignment import align
from app.engine.tokens.tokenizer import Tokenizer

PIECES_FILE = "chn_jpn_yue_eng_ko_spectok.bpe.model"
LANGUAGES = {code: code for code in ("zh", "yue", "en", "ja", "ko")}
BLANK_ID = 0
GRAPHS_KEPT = 16  # cached hotword graphs: the segments of one recording arrive one after the other
NO_SPEECH = "no_speech"
TAG = re.compile(r"<\|(\w+)\|>")
SILENT_TAG = "nospeech"  # in the place of a language
EMOTION_TAGS = {tag.upper(): tag for tag in ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")}
EVENT_TAGS = {
    "BGM": "music",
    "Applause": "applause",
    "Laughter": "laughter",
    "Cry": "crying",
    "Cough": "cough",
    "Sneeze": "sneeze",
    "Breath": "breath",
    "Sing": "singing",
}


def place_sensevoice(spec: EngineSpec) -> Placed:
    """Load the spec's folder onto its device; see app.engine.funasr.load_engine."""
    network, tokenizer = load_sensevoice(SanmFolder(spec.model_dir))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    with memory_errors_named():
        placement = place(network, spec.device, spec.dtype, allow_fallback=spec.allow_fallback)
    return Placed(
        family=SenseVoice(network, tokenizer, placement.device),
        device=placement.device,
        dtype=placement.dtype,
        parameters=parameters,
        receipt=placement.receipt,
        versions=(("torch", str(torch.__version__)),),  # str: its own class would bring torch along
    )


def load_sensevoice(files: SanmFolder) -> tuple[SenseVoiceSmall, Tokenizer]:
    """Return the network of a folder, on the CPU in single precision, and its vocabulary.

    Raises:
        ModelError: see SanmFolder; or the vocabulary is not that of the network.
    """
    file = files.file("tokenizer_conf", "bpemodel", PIECES_FILE)
    try:
        tokenizer = Tokenizer(read_pieces(file.read_bytes()))
    except (OSError, ValueError) as error:
        reason = N_("it is no SentencePiece model")
        raise ModelFileUnreadable(file=str(file), reason=reason) from error
    encoder, features = files.shaped(encoder_config), files.shaped(frontend_config)
    frontend = files.frontend(features)

    def build(state: Mapping[str, Tensor]) -> SenseVoiceSmall:
        head = state.get("ctc.ctc_lo.weight")
        outputs = len(head) if head is not None and head.dim() else len(tokenizer.units)
        return SenseVoiceSmall(len(frontend.shift_F), encoder, outputs)

    network = files.load(build)
    outputs = network.ctc.ctc_lo.out_features
    if len(tokenizer.units) != outputs:
        reason = f"it lists {len(tokenizer.units)} units, the network has {outputs} outputs"
        raise ModelWeightsMismatch(file=str(file), reason=reason)
    network.frontend = frontend
    return network, tokenizer


class SenseVoice:
    """See app.engine.funasr.family.Family."""

    abilities: tuple[str, ...] = ("times", "hotwords", "itn", "punctuation")
    no_times: Reason | None = None
    marks_need_itn = True
    can_batch = True

    def __init__(self, network: SenseVoiceSmall, tokenizer: Tokenizer, device: torch.device) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._device = device
        self._graph = lru_cache(maxsize=GRAPHS_KEPT)(partial(ContextGraph.build, tokenizer=tokenizer))
        beam = PrefixBeamDecoder(BLANK_ID)
        self._decoders: Mapping[str, Decoder] = {
            "fast": GreedyDecoder(BLANK_ID),
            "balanced": beam,
            "accurate": beam,
        }
        self.languages: Mapping[str, str | None] = LANGUAGES
        self.searches: Mapping[str, str] = {quality: found.name for quality, found in self._decoders.items()}

    def read(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Reading]:
        language = self.languages.get(options.language) or "auto"
        count = len(waveforms)
        features, lengths = self._network.features(*pad_waveforms(waveforms, self._device))
        encoded, log_probs, lengths = self._network(features, lengths, [language] * count, [options.itn] * count)
        contexts = (self._graph(options.hotwords)[0],) * count
        batch = EncodedBatch(encoded[:, QUESTIONS:], log_probs[:, QUESTIONS:], lengths - QUESTIONS, contexts)
        decoded = self._decoders[options.quality].decode(batch)
        answers = log_probs[:, :QUESTIONS].argmax(-1).tolist()
        return [
            self._reading(batch, row, answers[row], decoded[row], waveform, is_written=options.itn)
            for row, waveform in enumerate(waveforms)
        ]

    def unusable(self, hotwords: Sequence[Hotword], /) -> tuple[tuple[Hotword, str], ...]:
        return self._graph(tuple(hotwords))[1]

    def _reading(
        self,
        batch: EncodedBatch,
        row: int,
        answers: Sequence[int],
        decoded: Decoded,
        waveform: Waveform,
        *,
        is_written: bool,
    ) -> Reading:
        log_probs_TV = batch.log_probs_BTV[row, : int(batch.lengths_B[row])]
        found = zip(decoded.tokens, align(log_probs_TV, decoded.tokens, BLANK_ID), strict=True)
        shown = [(token, span) for token, span in found if self._tokenizer.written(token)]
        pieces = [self._tokenizer.written(token) for token, _ in shown]
        text = self._tokenizer.decode(token for token, _ in shown)
        read = read_from_frames(text, pieces, [span for _, span in shown], waveform)
        language, emotion, event, _ = self._tags(answers)
        return Reading(
            read.text,
            read.words,
            read.confidence,
            is_written=is_written,
            emotion=EMOTION_TAGS.get(emotion, ""),
            events=tuple(self._events([event, *self._tags(decoded.tokens)])),
            language=language if language in LANGUAGES else "",
            dropped=NO_SPEECH if language == SILENT_TAG else "",
        )

    def _tags(self, tokens: Sequence[int]) -> list[str]:
        """Return the names of the tags among the tokens."""
        found = (TAG.fullmatch(self._tokenizer.units[token]) for token in tokens)
        return [tag[1] if tag else "" for tag in found]

    def _events(self, tags: Sequence[str]) -> Iterator[str]:
        yield from dict.fromkeys(EVENT_TAGS[tag] for tag in tags if tag in EVENT_TAGS)
