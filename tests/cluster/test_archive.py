"""An archive is read by the nodes of a cluster, each recording once, whatever dies."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from app.domain.archive import ArchiveRecord, ListedFile
from app.domain.errors.inference import NodeDiffers
from app.domain.errors.setup import FolderUnwritable
from app.services.archive import cluster as reading
from app.services.archive.cluster import readers_of
from app.services.archive.reading import ReadingOrder
from app.services.cluster.connection import Share
from tests.cluster.conftest import ClusterHouse, needs_ray, other_version
from tests.services.test_archive import Run, order_of, sound
from tests.waiting import wait_until

pytestmark = [needs_ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]
RECORDINGS = 8


@pytest.fixture(name="order")
def _order(site: ClusterHouse, tmp_path: Path) -> ReadingOrder:
    calls = tmp_path / "calls"
    calls.mkdir()
    for number in range(RECORDINGS):
        (calls / f"call {number}.wav").write_bytes(sound(0.5))
    return replace(order_of(calls, tmp_path / "texts"), spec=site.spec())


def test_the_nodes_of_a_cluster_share_an_archive(order: ReadingOrder, site: ClusterHouse) -> None:
    site.hold()
    helper = Thread(target=_let_go_of_two, args=(site,))
    helper.start()

    run = Run(order, readers=readers_of(site.cluster, Share(), most=2))

    helper.join()
    assert run.totals.read == RECORDINGS
    lines = (Path(order.output) / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["source"]["name"] for line in lines] == [f"call {n}.wav" for n in range(RECORDINGS)]


def _let_go_of_two(site: ClusterHouse) -> None:
    try:
        wait_until(lambda: len(_readers(site)) == 2)
    finally:
        site.let_go()


def _readers(site: ClusterHouse) -> set[str]:
    return {process for process, _, _ in site.heard()}


def test_a_reader_that_is_killed_costs_at_most_what_it_was_reading(order: ReadingOrder, site: ClusterHouse) -> None:
    killed: list[int] = []

    def kill_the_first(_: ArchiveRecord) -> None:
        if not killed:
            killed.append(int(site.heard()[-1][0]))
            os.kill(killed[0], signal.SIGKILL)

    run = Run(order, readers=readers_of(site.cluster, Share(), most=2), on_record=kill_the_first)

    assert killed
    assert run.totals.read == RECORDINGS
    assert len(site.heard()) <= RECORDINGS + 2


def test_what_stops_a_run_is_told_as_on_one_machine(order: ReadingOrder, site: ClusterHouse) -> None:
    output = Path(order.output)
    output.mkdir()
    (output / "call 3.wav.txt").mkdir()

    with pytest.raises(FolderUnwritable):
        Run(order, readers=readers_of(site.cluster, Share(), most=1))


def test_a_node_with_another_version_reads_nothing(
    order: ReadingOrder, site: ClusterHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "fingerprint_of", other_version)

    with pytest.raises(NodeDiffers, match=r"99\.0"):
        Run(order, readers=readers_of(site.cluster, Share(), most=1))


def test_records_cross_the_cluster_unchanged() -> None:
    record = ArchiveRecord(ListedFile("a.wav", 1, "2"), "read", "0" * 64, 1.5, "zh", cost=0.1)

    assert ArchiveRecord.from_stored(json.loads(json.dumps(record.to_dict()))) == record
