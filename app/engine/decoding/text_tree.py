"""Several texts as one tree: what they begin with alike is one branch, so that a decoder reads it once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class TextTree:
    """Node 0 is before the first token; every other node is a token after the node of the token before it."""

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    """-1 of node 0; always less than the node itself."""
    places: tuple[int, ...]
    """How many nodes come before on the way from node 0."""
    paths: tuple[tuple[int, ...], ...]
    """The nodes of each text, from node 0 on."""

    @classmethod
    def of(cls, texts: Iterable[Sequence[int]], first: int) -> TextTree:
        """Grow the tree of some texts, with the token `first` before each."""
        nodes: dict[tuple[int, int], int] = {(-1, first): 0}
        paths = []
        for text in texts:
            path = [0]
            for token in text:
                path.append(nodes.setdefault((path[-1], token), len(nodes)))
            paths.append(tuple(path))
        places = [0] * len(nodes)
        for parent, token in list(nodes)[1:]:
            places[nodes[parent, token]] = places[parent] + 1
        parents, tokens = zip(*nodes, strict=True)
        return cls(tokens, parents, tuple(places), tuple(paths))

    def seen(self) -> npt.NDArray[np.bool_]:
        """Return (nodes, nodes): which nodes each one sees, itself and all on the way to it."""
        seen_NN = np.eye(len(self.tokens), dtype=np.bool_)
        for node, parent in enumerate(self.parents[1:], start=1):
            seen_NN[node] |= seen_NN[parent]
        return seen_NN
