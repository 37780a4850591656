"""Greedy generation from prompts of vectors with a language model, several prompts together.

A looping text is cut: a language model that has lost track of the audio repeats itself endlessly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from app.engine.sanm.nano.qwen3 import Memory, Qwen3

LONGEST_UNIT = 16
"""Tokens of the repeated unit."""
FEWEST_REPEATS, FEWEST_TOKENS = 6, 30
"""Repeats of a unit and tokens of a run beyond what speakers repeat; choruses are shorter."""


def generate(model: Qwen3, prompts: Sequence[Tensor], most: Sequence[int]) -> Iterator[list[list[int]]]:
    """Yield, after each step, the tokens of each prompt's text so far, without the token that ends it.

    Args:
        model: on its device.
        prompts: vectors of each (T, D), in any precision.
        most: tokens that each text may have.
    """
    vectors_BTD, is_there_BS = padded_before(prompts, model.lm_head.weight.dtype)
    memories: Sequence[Memory | None] = [None] * len(model.model.layers)
    texts: list[list[int]] = [[] for _ in prompts]
    going = [limit > 0 for limit in most]
    while any(going):
        scores_BV, memories = model(vectors_BTD, is_there_BS, memories)
        best_B = scores_BV.argmax(-1)
        for row, token in enumerate(best_B.tolist()):
            if going[row] and token in model.config.ends:
                going[row] = False
            elif going[row]:
                texts[row].append(token)
                going[row] = len(texts[row]) < most[row] and not run_at_end(texts[row])
        yield [list(text) for text in texts]
        vectors_BTD = model.model.embed_tokens(best_B)[:, None]
        is_there_BS = torch.cat((is_there_BS, is_there_BS.new_ones(len(texts), 1)), 1)


def padded_before(prompts: Sequence[Tensor], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the prompts padded at the beginning (B, T, D), and a mask of their vectors (B, T)."""
    longest = max(map(len, prompts))
    vectors_BTD = prompts[0].new_zeros(len(prompts), longest, prompts[0].shape[1], dtype=dtype)
    is_there_BT = torch.zeros(len(prompts), longest, dtype=torch.bool, device=vectors_BTD.device)
    for row, prompt_TD in enumerate(prompts):
        vectors_BTD[row, longest - len(prompt_TD) :] = prompt_TD
        is_there_BT[row, longest - len(prompt_TD) :] = True
    return vectors_BTD, is_there_BT


def run_at_end(tokens: Sequence[int]) -> int:
    """Return how many tokens at the end only repeat those before them; 0 if the repetition is plausible."""
    for unit in range(1, LONGEST_UNIT + 1):
        needed = max(FEWEST_TOKENS, unit * FEWEST_REPEATS)
        if len(tokens) >= needed and tokens[-1] == tokens[-1 - unit]:
            tail = tokens[len(tokens) - needed :]
            if all(tail[place] == tail[place - unit] for place in range(unit, needed)):
                return needed - unit
    return 0
