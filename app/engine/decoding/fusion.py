"""Combines hotword and language model scores into one context for the search."""

from __future__ import annotations

from app.engine.decoding.hotwords import Context
from app.engine.decoding.language_model import History


class FusedContext(Context):
    """A hotword context and a language model history, advanced together."""

    def __init__(self, context: Context, history: History) -> None:
        super().__init__()
        self._context, self._history = context, history
        self.awaited = context.awaited
        self.unfinished = context.unfinished

    def __missing__(self, token: int) -> tuple[Context, float]:
        context, gain = self._context[token]
        history, worth = self._history[token]
        self[token] = step = (FusedContext(context, history), gain + worth)
        return step

    @property
    def ending(self) -> float:  # type: ignore[override]  # worked out only for the texts that are left at the end
        return self._history.ending
