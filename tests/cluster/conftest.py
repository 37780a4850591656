"""Two Ray nodes of one core each on this machine, and a data folder whose jobs their actors read."""

from __future__ import annotations

import gc
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from app.engine import EngineSpec
from app.services.cluster.connection import Cluster, Share
from app.services.cluster.fingerprint import Fingerprint, fingerprint_of
from app.services.cluster.pool import ActorPool
from app.services.cluster.scaling import PoolLimits
from app.services.inference.dedicated import DedicatedEngines
from app.services.worker.worker import Worker
from app.store.sqlite.database import SqliteDatabase
from tests.conftest import REPOSITORY
from tests.databases import in_database
from tests.services.conftest import LIMITS, House, _house  # noqa: F401 - a fixture
from tests.waiting import PATIENCE_SECONDS

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="needs the package ray: scripts/test.sh makes an environment for it"
)
OBJECT_STORE_BYTES = 100 << 20
# Ray's usual niceness of 15 gets next to nothing of a machine that is busy otherwise.
VARIABLES = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "PYTHONPATH": str(REPOSITORY)}
"""Of all that Ray starts; on other machines the program is installed."""
TWO = PoolLimits(least=2, most=2)
FINISHED = "CREATE TABLE finished (id text, number integer)"
COUNT_IN_FILE = """
    CREATE TRIGGER count_finished AFTER UPDATE OF state ON segments WHEN new.state = 'done'
    BEGIN INSERT INTO finished VALUES (new.transcription_id, new."index"); END
"""
COUNT_ON_SERVER = """
    CREATE FUNCTION count_finished() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO finished VALUES (new.transcription_id, new."index"); RETURN NULL; END $$
"""
CALL_ON_SERVER = """
    CREATE TRIGGER count_finished AFTER UPDATE OF state ON segments
    FOR EACH ROW WHEN (new.state = 'done') EXECUTE FUNCTION count_finished()
"""


@pytest.fixture(scope="session", name="machines")
def _machines() -> Iterator[Any]:
    """Two nodes, `one` and `two`. Ray's own logs lie under /tmp/ray."""
    if find_spec("ray") is None:
        pytest.skip("needs the package ray")
    os.environ |= VARIABLES | {"PYTHONWARNINGS": "ignore"}
    from ray.cluster_utils import Cluster as Machines

    node = {"num_cpus": 1, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    head = node | agents() | {"node_name": "one", "ray_client_server_port": free_port()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray leaves the logs of what it starts to the garbage collector
        machines = Machines(initialize_head=True, head_node_args=head)
        gc.collect()
    machines.client_address = f"ray://127.0.0.1:{head['ray_client_server_port']}"
    try:
        machines.add_node(**node, **agents(), node_name="two")
        yield machines
    finally:
        machines.shutdown()


@dataclass
class ClusterHouse:
    """A data folder, and the cluster that reads its recordings."""

    house: House
    cluster: Cluster

    @property
    def model(self) -> Path:
        return self.named_model("model")

    def named_model(self, name: str) -> Path:
        folder = self.house.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "final.pt").write_text(name)
        return folder

    def spec(self, model: Path | None = None) -> EngineSpec:
        return EngineSpec(model or self.model, factory="tests.cluster.engines:NotingEngine")

    @contextmanager
    def pool(self, limits: PoolLimits = TWO, model: Path | None = None, **given: Any) -> Iterator[ActorPool]:
        pool = ActorPool(self.spec(model), self.cluster, Share(), limits, **given)
        try:
            yield pool
        finally:
            pool.stop()

    @contextmanager
    def working(self, limits: PoolLimits = TWO, timeout_seconds: float = PATIENCE_SECONDS) -> Iterator[ActorPool]:
        """A worker whose segments the actors read."""
        self._count_finished()
        with self.pool(limits) as pool:
            engines = DedicatedEngines(
                lambda name: self.spec(self.named_model(name)),
                timeout_seconds,
                lambda spec: ActorPool(spec, self.cluster, Share(), PoolLimits()),
                slots=2,
            )
            house = self.house
            worker = Worker(
                house.queue, house.files, pool, LIMITS, 3, timeout_seconds, engines=engines, pool=house.pool
            )
            with worker.running():
                yield pool

    def heard(self) -> list[list[str]]:
        """Process, model and text of each piece that was begun."""
        notes = self.house.folder / "heard"
        return [line.split(" ", 2) for line in notes.read_text().splitlines()] if notes.exists() else []

    def hold(self) -> None:
        self.house.note("hold")

    def let_go(self) -> None:
        (self.house.folder / "hold").unlink()

    def _count_finished(self) -> None:
        is_file = isinstance(self.house.database, SqliteDatabase)
        for statement in (FINISHED, *((COUNT_IN_FILE,) if is_file else (COUNT_ON_SERVER, CALL_ON_SERVER))):
            in_database(self.house.folder, statement)

    def finished(self, id: str) -> list[int]:
        """The segments of a job, each as often as it was finished."""
        rows = in_database(self.house.folder, "SELECT number FROM finished WHERE id = :id ORDER BY number", id=id)
        return [number for (number,) in rows]


@pytest.fixture(name="site")
def _site(machines: Any, house: House) -> Iterator[ClusterHouse]:
    cluster = Cluster(machines.address)
    yield ClusterHouse(house, cluster)
    cluster.close()


@pytest.fixture(name="site_of_client")
def _site_of_client(machines: Any, house: House) -> Iterator[ClusterHouse]:
    """The same, but the server is no node of the cluster: it talks to the head."""
    cluster = Cluster(machines.client_address)
    yield ClusterHouse(house, cluster)
    cluster.close()


def agents() -> dict[str, int]:
    """Return ports for what runs beside a node: with them it is ready earlier, and a busy machine needs more time than it waits."""
    names = ("metrics_agent_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
    return {name: free_port() for name in names}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def other_version(spec: EngineSpec) -> Fingerprint:
    """What a server of a later version expects of the nodes."""
    return replace(fingerprint_of(spec), program="99.0")
