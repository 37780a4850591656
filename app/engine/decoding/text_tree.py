"""Several texts as a prefix tree, so that a decoder computes common prefixes once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class TextTree:
    """Node 0 is the root; every other node is a token whose parent is the previous token."""

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    """-1 for node 0; always less than the node itself."""
    places: tuple[int, ...]
    """Depth of each node."""
    paths: tuple[tuple[int, ...], ...]
    """The nodes of each text, starting with node 0."""

    @classmethod
    def of(cls, texts: Iterable[Sequence[int]], first: int) -> TextTree:
        """Build the tree of some texts, each preceded by the token `first`."""
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
        """Return (nodes, nodes): which nodes each one sees, itself and its ancestors."""
        seen_NN = np.eye(len(self.tokens), dtype=np.bool_)
        for node, parent in enumerate(self.parents[1:], start=1):
            seen_NN[node] |= seen_NN[parent]
        return seen_NN
