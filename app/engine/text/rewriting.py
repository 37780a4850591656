"""Leaves out fillers and applies rules of replacement to what any engine has written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.domain.options import RecognitionOptions
from app.domain.reasons import FILLERS_LEFT_OUT, REPLACED, RULE_TOO_SLOW
from app.domain.transcript import Applied
from app.engine import Engine, EngineInfo, Hypothesis, Utterance
from app.engine.receipts import switch_line
from app.engine.text.replacing import Rewritten, apply_rule, leave_out_fillers


class RewritingEngine:
    """An Engine that rewrites the texts of another; what the model said stays in `text_raw`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order; see Engine."""
        heard = self._engine.transcribe(utterances)
        return [rewritten(each, utterance.options) for each, utterance in zip(heard, utterances, strict=True)]

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Return how each option was applied."""
        lines = list(self._engine.receipt(options))
        if options.remove_fillers:
            lines.append(switch_line("remove_fillers", is_on=True))
        if options.replacements:
            lines.append(Applied("replacements", str(len(options.replacements)), str(len(options.replacements))))
        return tuple(lines)


def rewritten(heard: Hypothesis, options: RecognitionOptions) -> Hypothesis:
    """Return a hypothesis as the options want it written, with a line of the receipt for what was changed."""
    lines: list[Applied] = []
    if options.remove_fillers and heard.text:
        heard = _with(heard, found := leave_out_fillers(heard.text, heard.words))
        lines += [Applied("remove_fillers", "on", "on", FILLERS_LEFT_OUT.of(count=found.count))] if found.count else []
    for rule in options.replacements:
        try:
            heard = _with(heard, found := apply_rule(rule, heard.text, heard.words))
        except TimeoutError:
            lines.append(Applied("replacement", str(rule), "", RULE_TOO_SLOW))
            continue
        lines += [Applied("replacement", str(rule), rule.right, REPLACED.of(count=found.count))] if found.count else []
    return replace(heard, applied=(*heard.applied, *lines)) if lines else heard


def _with(heard: Hypothesis, found: Rewritten) -> Hypothesis:
    return replace(heard, text=found.text, words=found.words) if found.count else heard
