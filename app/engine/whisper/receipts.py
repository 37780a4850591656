"""How Whisper applied the options of one recognition: requested, applied, why. Knows no tensors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.errors.base import Reason
from app.domain.hotwords import DEFAULT_WEIGHT, Hotword
from app.domain.options import RecognitionOptions
from app.domain.reasons import NO_WEIGHTS, PUNCTUATES, TOO_MANY_HOTWORDS, WRITES_ITSELF
from app.domain.transcript import Applied
from app.engine.receipts import language_line, listed
from app.engine.whisper.vocabulary import Vocabulary

MOST_PROMPT_TOKENS = 120  # of the 448 that text and prompt share; with more the text itself gets worse


@dataclass(frozen=True, slots=True)
class PromptedHotwords:
    """The hotwords in the prompt, and their tokens."""

    words: tuple[Hotword, ...]
    tokens: list[int]


def usable_hotwords(hotwords: Sequence[Hotword], vocabulary: Vocabulary) -> PromptedHotwords:
    """Return as many as fit into the prompt, highest weight first."""
    used: list[Hotword] = []
    tokens: list[int] = []
    for word in sorted(hotwords, key=lambda word: -word.weight):
        more = vocabulary.encode(", ".join(each.text for each in [*used, word]))
        if len(more) > MOST_PROMPT_TOKENS:
            break
        used.append(word)
        tokens = more
    return PromptedHotwords(tuple(used), tokens)


def option_lines(
    options: RecognitionOptions, languages: Collection[str], search: str, vocabulary: Vocabulary
) -> tuple[Applied, ...]:
    """Return a line for each option; `search` is what the quality stands for."""
    return (
        language_line(options, languages),
        Applied("decoding", options.quality, search),
        _hotword_line(options.hotwords, vocabulary),
        _itself("itn", WRITES_ITSELF, is_on=options.itn),
        _itself("punctuation", PUNCTUATES, is_on=options.punctuation),
    )


def _hotword_line(hotwords: Sequence[Hotword], vocabulary: Vocabulary) -> Applied:
    used = usable_hotwords(hotwords, vocabulary).words
    shown = listed([Hotword(word.text) for word in hotwords if word in used])
    if len(used) < len(hotwords):
        return Applied("hotwords", listed(hotwords), shown, TOO_MANY_HOTWORDS)
    has_weights = any(word.weight != DEFAULT_WEIGHT for word in hotwords)
    return Applied("hotwords", listed(hotwords), shown, NO_WEIGHTS if has_weights else None)


def _itself(name: str, reason: Reason, *, is_on: bool) -> Applied:
    """Return the line of an option that Whisper ignores: it writes numbers and punctuation as it has learned."""
    return Applied(name, "on" if is_on else "off", "on", None if is_on else reason)
