"""Where a cluster of many cards would be limited, and by what: a calculation from measured figures.

    python benchmarks/cluster_model.py [--cards 100] [--speed 300] [--segment 8] [--batch 60]

Measured on a machine of two cores with seven times more to do than it can: what the scheduler gives away and what a call
costs (benchmarks/cluster.py), what a core decodes (by its processor time), and the commits of one connection (SQLite). The
network, the store and the speed of a card are assumptions. Pass your own figures. Each resource has a rate at which it is
full; the smallest of them is the limit.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

BYTES_PER_SECOND = 16_000 * 4  # float samples, as they go to an actor
UPLOADED_BYTES_PER_SECOND = 32_000  # WAV; compressed recordings are less


@dataclass(frozen=True, slots=True)
class Resource:
    name: str
    speech_hours_per_hour: float
    """At which it is full."""
    cure: str


def main() -> int:
    options = _parse()
    resources = sorted(_resources(options), key=lambda each: each.speech_hours_per_hour)
    print(
        f"{options.cards} cards that each read {options.speed:g} hours of speech in an hour; servers: {options.servers}"
    )
    for each in resources:
        print(f"  {each.speech_hours_per_hour:>10,.0f} h/h  {each.name:<44}{each.cure}")
    limit = resources[0]
    print(f"limited by {limit.name} to {limit.speech_hours_per_hour:,.0f} hours of speech in an hour")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cards", type=int, default=100)
    parser.add_argument("--speed", type=float, default=300, help="hours of speech that a card reads in an hour")
    parser.add_argument("--segment", type=float, default=8, help="seconds of a segment")
    parser.add_argument("--batch", type=float, default=60, help="seconds of a batch")
    parser.add_argument("--servers", type=int, default=1, help="processes that feed the actors")
    parser.add_argument("--fed", type=float, default=2300, help="segments that one scheduler gives away in a second")
    parser.add_argument("--call-ms", type=float, default=4, help="of a batch to an actor and back, not computing")
    parser.add_argument("--commits", type=float, default=60, help="segments that the database stores in a second")
    parser.add_argument("--prepared", type=float, default=300, help="hours that a core decodes and cuts in an hour")
    parser.add_argument("--cores", type=int, default=16, help="for preparation, of all servers")
    parser.add_argument("--network-mb", type=float, default=1100, help="MB/s of a server's network: 10 Gbit/s")
    parser.add_argument("--store-mb", type=float, default=1000, help="MB/s that the object store gives and takes")
    return parser.parse_args()


def _resources(given: argparse.Namespace) -> list[Resource]:
    computing = given.batch / given.speed
    waiting = computing / (computing + given.call_ms / 1000)
    sent = given.servers * given.network_mb * 1e6 / (BYTES_PER_SECOND + UPLOADED_BYTES_PER_SECOND)
    return [
        Resource("the cards, computing", given.cards * given.speed, "more cards"),
        Resource("the cards, waiting for their next batch", given.cards * given.speed * waiting, "larger batches"),
        Resource("the schedulers", given.servers * given.fed * given.segment, "more servers or workers"),
        Resource(
            "the database",
            given.commits * given.segment,
            "PostgreSQL and several workers, whose commits share a write; longer segments",
        ),
        Resource("preparation", given.cores * given.prepared, "more cores: FUNASR_CONCURRENT_JOBS, more workers"),
        Resource("the network of the servers", sent, "more servers"),
        Resource("the object store", given.store_mb * 1e6 / UPLOADED_BYTES_PER_SECOND / 2, "compressed recordings"),
    ]


if __name__ == "__main__":
    sys.exit(main())
