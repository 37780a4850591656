"""When each token is spoken, from the synthesiser's marks; and that as a target for every encoder frame.

A frame-by-frame target teaches what sounds are before CTC has to find where they are: with CTC alone, the network
stayed on the plateau of all blanks for longer than the whole training was to last.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from app.engine.tokens.words import FrameTimes
from training.espeak import Mark
from training.normal_text import token_places
from training.vocabulary import BLANK

DEPTHWISE = FrameTimes(0.0825, 0.08)  # of dwconv2d8: its first frame sees 15 feature frames of 25 ms
UNIT_REACH = 1
"""Frames on both sides of the middle of a unit that name it, too: the times are not that exact."""
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
        token = next((i for i, (a, b) in enumerate(places) if mark.position is not None and a <= mark.position < b), -1)
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
    spans_ms: Sequence[int],
    units: Sequence[Sequence[int]],
    shift_ms: float,
    frames: int,
    times: FrameTimes = DEPTHWISE,
) -> list[int]:
    """The unit spoken at each frame, blank between; a blank parts two equal neighbours.

    Args:
        spans_ms: start and end of each token.
        units: ids of each token; several share its time evenly.
        shift_ms: silence put before the utterance.
        frames: how many encoder frames there are.
        times: when they are.
    """
    first_centre_ms, frame_ms = 1000 * times.first_centre, 1000 * times.step
    targets = [BLANK] * frames
    last = -1
    for (start, end), ids in zip(zip(spans_ms[::2], spans_ms[1::2], strict=True), units, strict=True):
        for number, unit in enumerate(ids):
            begin = start + (end - start) * number / len(ids) + shift_ms
            stop = start + (end - start) * (number + 1) / len(ids) + shift_ms
            first = max(0, -int((first_centre_ms - begin) // frame_ms))
            past = max(first, -int((first_centre_ms - stop) // frame_ms))
            if unit == last:
                first += past - first > 1
            targets[first:past] = [unit] * len(targets[first:past])
            last = unit
    return targets


def unit_targets(
    middles_ms: Sequence[int], units: Sequence[int], shift_ms: float, frames: int, times: FrameTimes
) -> list[int]:
    """The unit spoken at each frame around the middle of each, blank elsewhere and between equal neighbours.

    Args:
        middles_ms: when each unit is spoken.
        units: their ids.
        shift_ms: silence put before the utterance.
        frames: how many encoder frames there are.
        times: when they are.
    """
    targets = [BLANK] * frames
    past, last = 0, BLANK
    for number, (middle, unit) in enumerate(zip(middles_ms, units, strict=True)):
        frame = round(((middle + shift_ms) / 1000 - times.first_centre) / times.step)
        frame = min(max(frame, past + (unit == last)), frames - 1)
        first = max(frame - UNIT_REACH, past + (unit == last))
        following = middles_ms[number + 1] if number + 1 < len(middles_ms) else middle + 10_000
        end = min(frame + UNIT_REACH + 1, frame + max(1, round((following - middle) / 2000 / times.step)), frames)
        targets[first:end] = [unit] * (end - first)
        past, last = max(past, end), unit
    return targets


def padded_targets(rows: Sequence[Sequence[int]], frames: int) -> Tensor:
    """(batch, frames); frames after the end of a row are ignored."""
    return torch.tensor([[*row, *[IGNORED] * (frames - len(row))] for row in rows])
