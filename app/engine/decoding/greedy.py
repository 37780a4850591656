"""CTC greedy decoding: the best token of every frame, repeats merged, blanks removed (Graves et al. 2006)."""

from __future__ import annotations

from itertools import groupby

from app.engine.decoding import Decoded, EncodedBatch


class GreedyDecoder:
    """Decodes every frame independently: the fastest search, without hotwords."""

    name = "greedy"

    def __init__(self, blank_id: int) -> None:
        self._blank_id = blank_id

    def decode(self, batch: EncodedBatch) -> list[Decoded]:
        best_BT, tokens_BT = batch.log_probs_BTV.max(-1)
        rows = zip(tokens_BT.tolist(), best_BT.exp().tolist(), batch.lengths_B.tolist(), strict=True)
        return [self._collapse(tokens[:length], best[:length]) for tokens, best, length in rows]

    def _collapse(self, tokens: list[int], best: list[float]) -> Decoded:
        """Merge runs: tokens 7 7 _ 7 9 give 7 7 9, each at the most likely frame of its run."""
        peaks = [
            (token, max(run, key=best.__getitem__))
            for token, run in groupby(range(len(tokens)), key=tokens.__getitem__)
            if token != self._blank_id
        ]
        return Decoded(
            tokens=tuple(token for token, _ in peaks),
            frames=tuple(frame for _, frame in peaks),
            probabilities=tuple(best[frame] for _, frame in peaks),
        )
