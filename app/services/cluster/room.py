"""What a cluster lacks while an actor finds no place in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.domain.errors.inference import ClusterError, NodesTooSmall, NoRoom
from app.services.cluster.connection import Node, Share


def shortage_of(share: Share, nodes: Iterable[Node], free: Mapping[str, float]) -> ClusterError:
    """Return why no node has room for a share, by what is scarcest; `free` is what nobody uses of the whole cluster."""
    nodes = list(nodes)
    for resource, wanted, sizes in (
        ("GPU", share.gpus, [node.gpus for node in nodes]),
        ("CPU", share.cpus, [node.cpus for node in nodes]),
    ):
        if wanted > max(sizes, default=0.0):
            return NodesTooSmall(wanted=_told(wanted), resource=resource, largest=_told(max(sizes, default=0.0)))
        if wanted > free.get(resource, 0.0):
            return _no_room(resource, wanted, free, sum(sizes))
    resource, total = (
        ("GPU", sum(node.gpus for node in nodes)) if share.gpus else ("CPU", sum(node.cpus for node in nodes))
    )
    return _no_room(resource, share.gpus or share.cpus, free, total)  # what is free lies on several nodes


def _no_room(resource: str, wanted: float, free: Mapping[str, float], total: float) -> NoRoom:
    return NoRoom(wanted=_told(wanted), resource=resource, free=_told(free.get(resource, 0.0)), total=_told(total))


def _told(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
