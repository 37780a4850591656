"""A slow engine that returns known sentences: the browser tests watch it work."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from app.domain.errors.inference import DeviceUnavailable
from app.domain.errors.models import ModelFileUnreadable
from app.domain.options import RecognitionOptions
from app.domain.reasons import plain_reason
from app.domain.transcript import Applied, Word
from app.engine import EngineInfo, EngineSpec, Hypothesis, Utterance

SECONDS_PER_PIECE = 0.5  # slow enough to watch, quick enough to wait for
SENTENCES = (
    ("今天是2026年11月22日。", "今天是二零二六年十一月二十二日"),
    ("订单增长了18.5%。", "订单增长了百分之十八点五"),
    ("See you on Monday at 9:30.", "see you on monday at nine thirty"),
)


class SlowEngine:
    def __init__(self) -> None:
        self._said = 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            model="slow",
            device="cpu",
            dtype="float32",
            languages=("zh", "en"),
            parameters=0,
            load_seconds=0.0,
            versions=(),
            receipt=(Applied("device", "auto", "cpu", plain_reason("no CUDA device was found")),),
        )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        return [self._say(utterance.options) for utterance in utterances]

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        return (Applied("language", options.language, options.language),)

    def _say(self, options: RecognitionOptions) -> Hypothesis:
        time.sleep(SECONDS_PER_PIECE)
        text, text_raw = SENTENCES[self._said % len(SENTENCES)]
        self._said += 1
        words = _words_of(text) if options.replacements or options.remove_fillers else ()
        return Hypothesis(text if options.itn else text_raw, text_raw, 0.9, words=words)


def _words_of(text: str) -> tuple[Word, ...]:
    """A word for each character or figure, with what follows it."""
    parts = (
        re.findall(r"(?:[\w:.%]+|[^\W\d_])[。.]?", text) if text.isascii() else re.findall(r"(?:[\d.%]+|.)。?", text)
    )
    return tuple(Word(part, 0.1 * number, 0.1 * number + 0.1, 0.9) for number, part in enumerate(parts))


def load(spec: EngineSpec) -> SlowEngine:
    if spec.model_dir.name == "broken":
        raise ModelFileUnreadable(file="broken", reason="broken does not load on purpose")
    if spec.device not in ("auto", "cpu"):
        raise DeviceUnavailable(device=spec.device, reason="there is none")
    return SlowEngine()
