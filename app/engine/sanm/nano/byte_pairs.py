"""Splits text into the tokens of a byte vocabulary in tiktoken's format, and joins them again.

A line has a token's bytes in base64, and its rank. Source: Sennrich et al., "Neural Machine Translation of Rare
Words with Subword Units", 2016, over bytes: the pair of lowest rank is joined first.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

PARTS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""Pre-tokenisation: contractions, words, numbers, marks and white space, as in GPT-2."""
BYTES = 256
WORDS_KEPT = 4096


def read_ranks(text: str) -> dict[bytes, int]:
    """Return the number of each token.

    Raises:
        ValueError: it is not such a vocabulary, or it cannot write every text.
    """
    ranks: dict[bytes, int] = {}
    for line in text.splitlines():
        if line.strip():
            token, rank = line.split()
            ranks[base64.b64decode(token, validate=True)] = int(rank)
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise ValueError("its numbers are not those of a list")
    if any(bytes([byte]) not in ranks for byte in range(BYTES)):
        raise ValueError("it lacks tokens of single bytes")
    return ranks


class BytePairs:
    """A vocabulary of bytes."""

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        """Make it from `read_ranks`."""
        self._ranks = ranks
        self._tokens = {rank: token for token, rank in ranks.items()}
        self._split = Split(Regex(PARTS), behavior="isolated")
        self._encode_part = lru_cache(maxsize=WORDS_KEPT)(self._joined)

    def __len__(self) -> int:
        return len(self._ranks)

    def encode(self, text: str) -> list[int]:
        return [token for part, _ in self._split.pre_tokenize_str(text) for token in self._encode_part(part)]

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens; invalid UTF-8 becomes U+FFFD, and unknown tokens nothing."""
        found = b"".join(self._tokens.get(token, b"") for token in tokens)
        return found.decode("utf-8", errors="replace")

    def _joined(self, part: str) -> tuple[int, ...]:
        pieces = [bytes([byte]) for byte in part.encode()]
        while len(pieces) > 1:
            ranked = (
                (rank, place)
                for place, (first, second) in enumerate(pairwise(pieces))
                if (rank := self._ranks.get(first + second)) is not None
            )
            _, place = min(ranked, default=(0, -1))
            if place < 0:
                break
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        return tuple(self._ranks[piece] for piece in pieces)
