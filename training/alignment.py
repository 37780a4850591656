"""When each token is spoken, from the synthesiser's marks; and that as a target for every encoder frame.

A frame-by-frame target teaches what sounds are before CTC has to find where they are: with CTC alone, the network
stayed on the plateau of all blanks for longer than the whole training was to last.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from training.espeak import Mark
from training.normal_text import token_places
from training.vocabulary import BLANK

FRAME_MS = 80
FIRST_CENTRE_MS = 82.5  # the middle of what the first frame of dwconv2d8 sees: 15 feature frames of 25 ms
IGNORED = -100


def token_spans(text: str, marks: Sequence[Mark], end_ms: int) -> tuple[int, ...]:
    """Start and end (ms) of every token of `text`; tokens that have no mark share the time of the one before.

    Empty where no word is marked.
    """
    places = token_places(text)
    starts = _marked_tokens(places, marks)
    if not starts:
        return ()
    spans: list[int] = []
    for (token, start), (next_token, next_start) in pairwise([*starts, (len(places), end_ms)]):
        end = min([m.start_ms for m in marks if m.position is None and m.start_ms > start] + [next_start])
        first = 0 if not spans else token
        sizes = [last - begin for begin, last in places[first:next_token]]
        spans.extend(_shared(start, end, sizes))
    return tuple(spans)


def _marked_tokens(places: Sequence[tuple[int, int]], marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """(token, start) for words whose mark lies in a token, each token once, in order."""
    found: list[tuple[int, int]] = []
    for mark in marks:
        token = next(
            (i for i, (a, b) in enumerate(places) if mark.position is not None and a <= mark.position < b), -1
        )
        if token > (found[-1][0] if found else -1):
            found.append((token, mark.start_ms))
    return found


def _shared(start: int, end: int, sizes: Sequence[int]) -> list[int]:
    """Start and end of each part, as long as its size says."""
    total, spans, passed = sum(sizes), [], 0
    for size in sizes:
        spans.append(start + (end - start) * passed // total)
        passed += size
        spans.append(start + (end - start) * passed // total)
    return spans


def frame_targets(
    spans_ms: Sequence[int], units: Sequence[Sequence[int]], shift_ms: float, frames: int
) -> list[int]:
    """The unit spoken at each frame, blank between; a blank parts two equal neighbours.

    Args:
        spans_ms: start and end of each token.
        units: ids of each token; several share its time evenly.
        shift_ms: silence put before the utterance.
        frames: how many encoder frames there are.
    """
    targets = [BLANK] * frames
    last = -1
    for (start, end), ids in zip(zip(spans_ms[::2], spans_ms[1::2], strict=True), units, strict=True):
        for number, unit in enumerate(ids):
            begin = start + (end - start) * number / len(ids) + shift_ms
            stop = start + (end - start) * (number + 1) / len(ids) + shift_ms
            first = max(0, -int((FIRST_CENTRE_MS - begin) // FRAME_MS))
            past = max(first, -int((FIRST_CENTRE_MS - stop) // FRAME_MS))
            if unit == last:
                first += past - first > 1
            targets[first:past] = [unit] * len(targets[first:past])
            last = unit
    return targets


def padded_targets(rows: Sequence[Sequence[int]], frames: int) -> Tensor:
    """(batch, frames); frames after the end of a row are ignored."""
    return torch.tensor([[*row, *[IGNORED] * (frames - len(row))] for row in rows])
