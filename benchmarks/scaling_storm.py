"""Kill parts of a cluster again and again while recordings go in, then count what was lost or done twice.

    .venv-cluster/bin/python benchmarks/scaling_storm.py [--kills 100] [--uploads 40] [--seed 1] [--minutes 60] [--partitions]

On this machine: a PostgreSQL server, an S3 server behind a line that can be cut, a Ray cluster of a head without
processors and two nodes, and two web servers, each a real process. At random: an actor, a process of Ray's, a node
or a web server is killed, PostgreSQL restarts, the object store cannot be reached or is full for a while, a web server
is parted from the database. Lines are cut, or fall silent: nothing passes, and no end of a connection is told of it.
For root, a third node runs in a network namespace, and all its packets are lost for a while. With --partitions lines
and packets are all that goes wrong.

Only what was answered with 201 counts as acknowledged. Triggers in the database count how often each segment was
finished, and by whom: each web server has a role of its own there. The engine says how loud a piece is and takes
0.2 s for it. Exit code 1 if anything acknowledged is missing, a segment was finished twice or by a server that did not
own the job, or a job has not ended.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeAlias

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from kill_storm import API, FINAL, ask, free_port, recording, send

from tests.databases import PostgresServer
from tests.far_machine import FarMachine, far_machine, missing
from tests.s3_server import BUCKET, Line, S3Server, environment, serving

REPOSITORY = Path(__file__).resolve().parents[1]

NODE = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False}
PORTS = ("metrics_agent_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
"""With ports of its own for these a node is ready before they are: on a busy machine they take longer than it waits."""
SERVERS = 2
AWAY_SECONDS = (2.0, 15.0)  # of a line; the first of its kind in a storm is away for LONG_AWAY_SECONDS
LONG_AWAY_SECONDS = 60.0
NODE_LOST_SECONDS = 90.0  # so long packets are lost the first time: Ray gives a node up after about 65 s
PAUSE_SECONDS = (0.5, 4.0)  # between two acts
PATIENCE_SECONDS = 900  # for the jobs to end after the last act
FULL_BODY = b"<Error><Code>XMinioStorageFull</Code></Error>"
FULL = b"HTTP/1.1 507 Insufficient Storage\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
    len(FULL_BODY),
    FULL_BODY,
)
COUNT = """
CREATE TABLE claimed (transcription_id text, worker text, server text);
CREATE FUNCTION count_claimed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO claimed VALUES (NEW.id, NEW.worker, session_user); RETURN NULL; END $$;
CREATE TRIGGER count_claimed AFTER UPDATE OF worker ON transcriptions
FOR EACH ROW WHEN (NEW.worker IS NOT NULL) EXECUTE FUNCTION count_claimed();
CREATE TABLE finished (transcription_id text, number integer, worker text, server text);
CREATE FUNCTION count_finished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO finished SELECT NEW.transcription_id, NEW.index, worker, session_user
    FROM transcriptions WHERE id = NEW.transcription_id;
    RETURN NULL;
END $$;
CREATE TRIGGER count_finished AFTER UPDATE OF state ON segments
FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION count_finished();
"""
TWICE = "SELECT count(*) FROM (SELECT FROM finished GROUP BY transcription_id, number HAVING count(*) > 1) AS twice"
NOT_OWNED = """
SELECT count(*) FROM finished LEFT JOIN claimed USING (transcription_id, worker, server) WHERE claimed.worker IS NULL
"""
TAKEN_OVER = """
SELECT count(*) FROM (SELECT FROM claimed GROUP BY transcription_id HAVING count(DISTINCT server) > 1) AS taken_over
"""


@dataclass
class Cluster:
    """All parts, and what the client knows."""

    folder: Path
    chance: random.Random
    postgres: PostgresServer
    line: Line
    machines: Any
    """Of ray.cluster_utils."""
    ports: Sequence[int]
    """Of the web servers."""
    parting: Sequence[Line]
    """Between each web server and the database."""
    far: FarMachine | None = None
    """The third node, where there can be one."""
    far_node: subprocess.Popen[bytes] | None = None
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Ids that were answered with 201, and which recording each was made of."""
    cut_off: int = 0
    acts: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def database(self) -> str:
        return "storm"


def main() -> int:
    options = _parse()
    if options.serve:
        return _serve(options.serve, options.port)
    with tempfile.TemporaryDirectory(prefix="scaling-storm-") as folder, ExitStack() as stack:
        cluster = stack.enter_context(_built(Path(folder), random.Random(options.seed)))
        acts = PARTITIONS if options.partitions else ACTS
        done = _rage(cluster, acts, options.kills, options.uploads, time.monotonic() + 60 * options.minutes)
        records = _let_it_end(cluster)
        return _report(cluster, records, done)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--uploads", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="after which it ends with fewer kills (60)")
    parser.add_argument("--partitions", action="store_true", help="nothing dies, only lines and packets are lost")
    parser.add_argument("--serve", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


# The parts


@contextmanager
def _built(folder: Path, chance: random.Random) -> Iterator[Cluster]:
    """Start all parts for the block."""
    from ray.cluster_utils import Cluster as Machines

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(REPOSITORY)}
    with ExitStack() as stack:
        postgres_port = free_port()
        postgres = PostgresServer(postgres_port)
        stack.callback(postgres.remove)
        postgres.execute("CREATE DATABASE storm")
        for number in range(SERVERS):
            postgres.execute(f"CREATE ROLE server{number} LOGIN SUPERUSER")
        s3: S3Server = stack.enter_context(serving(folder))
        line = Line(s3.port)
        stack.callback(line.close)
        os.environ |= environment(line.address)
        far = None if missing() else stack.enter_context(far_machine())
        here = {"node_ip_address": far.near_address} if far else {}
        machines = Machines(initialize_head=True, head_node_args=_node() | here | {"num_cpus": 0, "node_name": "head"})
        stack.callback(machines.shutdown)
        parting = [Line(postgres_port) for _ in range(SERVERS)]
        for each in parting:
            stack.callback(each.close)
        cluster = Cluster(folder, chance, postgres, line, machines, [free_port() for _ in range(SERVERS)], parting)
        stack.callback(_end_servers, cluster)
        cluster.far = far
        for number in range(2):
            cluster.nodes.append(machines.add_node(**_node(), **here, node_name=f"node-{number}"))
        stack.callback(_end_far_node, cluster)
        _replace_far_node(cluster)
        cluster.servers += [_start(cluster, number) for number in range(SERVERS)]
        for port, server in zip(cluster.ports, cluster.servers, strict=True):
            _wait_for_answers(port, server)
        postgres.execute(COUNT, cluster.database)
        yield cluster


def _node() -> dict[str, Any]:
    return NODE | {name: free_port() for name in PORTS}


def _start(cluster: Cluster, number: int) -> subprocess.Popen[bytes]:
    folder = cluster.folder / f"server-{number}"
    folder.mkdir(exist_ok=True)
    command = [
        sys.executable,
        __file__,
        "--serve",
        str(folder),
        "--port",
        str(cluster.ports[number]),
    ]
    own = {
        "FUNASR_VAD_DETECTOR": "webrtcvad",  # Silero takes no babble for speech
        "FUNASR_DATABASE_URL": f"postgresql://server{number}@127.0.0.1:{cluster.parting[number].port}/{cluster.database}",
        "FUNASR_FILES_URL": f"s3://{BUCKET}/storm",
        "FUNASR_CLUSTER": cluster.machines.address,
        "FUNASR_CLUSTER_MIN_ACTORS": "1",
        "FUNASR_CLUSTER_MAX_ACTORS": "1",
    }
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | own, stdout=output, stderr=output)


def _end_servers(cluster: Cluster) -> None:
    for server in cluster.servers:
        server.terminate()
    for server in cluster.servers:
        server.wait()


def _wait_for_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("a server does not start: see its output")
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            ask(port, f"{API}?limit=1")
            return
        time.sleep(0.1)


# What goes wrong


def _kill_actor(cluster: Cluster) -> None:
    _kill_one(cluster, "ray::InferenceActor")


def _kill_ray_process(cluster: Cluster) -> None:
    """Where it is an agent, its node ends with it."""
    _kill_one(cluster, "ray::")
    time.sleep(1.0)
    _replace_dead_nodes(cluster)


def _kill_one(cluster: Cluster, title: str) -> None:
    """Kill one process of the nodes, none of somebody else's."""
    found = [
        process
        for node in cluster.nodes
        for raylet in [node.all_processes["raylet"][0].process.pid]
        for process in psutil.Process(raylet).children(recursive=True)
        if process.is_running() and " ".join(process.cmdline()).startswith(title)
    ]
    if found:
        cluster.chance.choice(found).kill()


def _kill_node(cluster: Cluster) -> None:
    """A node vanishes; another takes its place a little later."""
    node = cluster.chance.choice(cluster.nodes)
    node.all_processes["raylet"][0].process.kill()
    time.sleep(cluster.chance.uniform(0, 3))
    _replace_dead_nodes(cluster)


def _replace_dead_nodes(cluster: Cluster) -> None:
    """Start a node for each that has ended, as a supervisor does."""
    for place, node in enumerate(cluster.nodes):
        if node.all_processes["raylet"][0].process.poll() is not None:
            cluster.machines.remove_node(node, allow_graceful=False)
            here = {"node_ip_address": cluster.far.near_address} if cluster.far else {}
            cluster.nodes[place] = cluster.machines.add_node(**_node(), **here)


def _kill_server(cluster: Cluster) -> None:
    number = cluster.chance.randrange(SERVERS)
    cluster.servers[number].send_signal(signal.SIGKILL)
    cluster.servers[number].wait()
    time.sleep(cluster.chance.uniform(0, 2))
    cluster.servers[number] = _start(cluster, number)


def _restart_postgres(cluster: Cluster) -> None:
    cluster.postgres.stop()
    time.sleep(cluster.chance.uniform(0, 3))
    cluster.postgres.start()


def _part_server(cluster: Cluster) -> None:
    """The others take over the jobs of a web server that the database does not hear; it must not go on with them."""
    line = cluster.chance.choice(cluster.parting)
    line.cut()
    time.sleep(cluster.chance.uniform(*AWAY_SECONDS))
    line.mend()


def _hush_database(cluster: Cluster) -> None:
    line = cluster.chance.choice(cluster.parting)
    line.hush()
    time.sleep(_away_seconds(cluster, SILENT_DATABASE))
    line.mend()


def _cut_store(cluster: Cluster) -> None:
    cluster.line.cut()
    time.sleep(_away_seconds(cluster, CUT_STORE))
    cluster.line.mend()


def _hush_store(cluster: Cluster) -> None:
    cluster.line.hush()
    time.sleep(_away_seconds(cluster, SILENT_STORE))
    cluster.line.mend()


def _fill_store(cluster: Cluster) -> None:
    cluster.line.answer = lambda head: FULL if head.startswith(b"PUT") else None
    time.sleep(cluster.chance.uniform(*AWAY_SECONDS))
    cluster.line.answer = lambda _: None


def _part_node(cluster: Cluster) -> None:
    """Neither the head nor the servers reach a node. What Ray has given up ends when it hears of that."""
    assert cluster.far
    is_first = cluster.acts[PARTED_NODE] == 0
    cluster.far.part()
    time.sleep(NODE_LOST_SECONDS if is_first else cluster.chance.uniform(*AWAY_SECONDS))
    cluster.far.join()
    _replace_far_node(cluster)


def _replace_far_node(cluster: Cluster) -> None:
    """Start the node in the namespace if there can be one, and it does not run."""
    if cluster.far is None or (cluster.far_node and cluster.far_node.poll() is None):
        return
    start = ["start", f"--address={cluster.machines.address}", f"--node-ip-address={cluster.far.address}"]
    size = ["--num-cpus=1", f"--object-store-memory={NODE['object_store_memory']}", "--node-name=far", "--block"]
    options = ("dashboard-agent-grpc-port", "runtime-env-agent-port", "dashboard-agent-listen-port")  # the same PORTS
    ports = [f"--{name}={free_port()}" for name in options]
    command = [str(Path(sys.executable).parent / "ray"), *start, *size, *ports]
    with (cluster.folder / "far-node").open("ab") as output:
        cluster.far_node = subprocess.Popen(cluster.far.command(command), stdout=output, stderr=output)


def _end_far_node(cluster: Cluster) -> None:
    if cluster.far_node:
        cluster.far_node.terminate()
        cluster.far_node.wait()


def _away_seconds(cluster: Cluster, act: str) -> float:
    return LONG_AWAY_SECONDS if cluster.acts[act] == 0 else cluster.chance.uniform(*AWAY_SECONDS)


CUT_STORE = "the object store away"
SILENT_STORE = "the line to the object store silent"
SILENT_DATABASE = "the line of a web server to the database silent"
PARTED_NODE = "all packets of a node lost"
Acts: TypeAlias = dict[str, tuple[float, Callable[[Cluster], None]]]
PARTITIONS: Acts = {
    "a web server parted from the database": (2, _part_server),
    SILENT_DATABASE: (2, _hush_database),
    CUT_STORE: (1, _cut_store),
    SILENT_STORE: (1, _hush_store),
    **({} if missing() else {PARTED_NODE: (2, _part_node)}),
}
"""How often each is done, beside the others."""
ACTS: Acts = {
    "an actor killed": (5, _kill_actor),
    "a process of Ray's killed": (3, _kill_ray_process),
    "a node killed": (2, _kill_node),
    "a web server killed": (3, _kill_server),
    "PostgreSQL restarted": (2, _restart_postgres),
    "the object store full": (1, _fill_store),
    **PARTITIONS,
}


def _rage(cluster: Cluster, acts: Acts, kills: int, uploads: int, end: float) -> int:
    """Do `kills` acts, fewer if it takes too long; the client sends its files one by one meanwhile."""
    recordings = [recording(number) for number in range(4)]
    begun = 0
    is_over = Event()

    def send_all() -> None:
        for number in range(uploads):
            while begun <= number * kills // uploads and not is_over.wait(0.05):
                pass
            if is_over.is_set():
                return
            _send_until_acknowledged(cluster, recordings[number % 4], number % 4)

    client = Thread(target=send_all)
    client.start()
    while begun < kills and time.monotonic() < end:
        time.sleep(cluster.chance.uniform(*PAUSE_SECONDS))
        [name] = cluster.chance.choices(list(acts), [weight for weight, _ in acts.values()])
        begun += 1  # an upload begins at the same time
        acts[name][1](cluster)
        cluster.acts[name] += 1
        print(f"\r{begun} acts, {len(cluster.acknowledged)} acknowledged ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if begun < kills:
        is_over.set()
    client.join()
    return begun


def _send_until_acknowledged(cluster: Cluster, content: bytes, kind: int) -> None:
    while True:
        try:
            cluster.acknowledged[send(cluster.chance.choice(cluster.ports), content, kind)] = kind
        except ConnectionRefusedError:
            time.sleep(0.05)
        except (OSError, http.client.HTTPException):
            cluster.cut_off += 1
            time.sleep(0.2)
        else:
            return


# The count


def _let_it_end(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Wait until every job has ended, and return all of them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    items: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException, LookupError, ValueError):
            items = ask(cluster.ports[0], f"{API}?limit=200")["items"]
            if all(item["state"] in FINAL for item in items):
                break
        time.sleep(0.5)
    return {item["id"]: ask(cluster.ports[0], f"{API}/{item['id']}") for item in items}


def _report(cluster: Cluster, records: dict[str, dict[str, Any]], done: int) -> int:
    queries = (TWICE, NOT_OWNED, TAKEN_OVER, "SELECT count(*) FROM finished")
    twice, not_owned, taken_over, finished = (_count(cluster, query) for query in queries)
    texts = collections.defaultdict(set)
    for id, kind in cluster.acknowledged.items():
        texts[kind].add(records[id]["text"] if id in records else None)
    lost = len(cluster.acknowledged.keys() - records.keys())
    unfinished = sum(record["state"] not in FINAL for record in records.values())
    facts: dict[str, object] = {
        "acts": done,
        **{f"  {name}": count for name, count in cluster.acts.items()},
        "uploads acknowledged (201)": len(cluster.acknowledged),
        "uploads cut off and sent again": cluster.cut_off,
        "acknowledged and LOST": lost,
        "states": dict(collections.Counter(record["state"] for record in records.values())),
        "jobs that did not end": unfinished,
        "segments finished": finished,
        "segments finished TWICE": twice,
        "segments finished by WHO DID NOT OWN the job": not_owned,
        "jobs that another server took over": taken_over,
        "recordings with differing texts": sum(len(found) > 1 for found in texts.values()),
    }
    for name, fact in facts.items():
        print(f"{name:<50}{fact}")
    return 1 if lost or twice or not_owned or unfinished else 0


def _count(cluster: Cluster, query: str) -> int:
    [(count,)] = cluster.postgres.execute(query, cluster.database)
    return int(count)


# The server of a stand-in for a model


def _serve(folder: Path, port: int) -> int:
    import uvicorn

    from app.engine import EngineSpec
    from app.logging import setup_logging
    from app.main import create_app
    from app.settings import Settings

    settings = Settings(data_dir=folder / "data", log_dir=folder / "logs", port=port)
    setup_logging(settings.log_dir)
    model = folder.parent / "model"
    model.mkdir(exist_ok=True)
    spec = EngineSpec(model_dir=model, factory="benchmarks.echo_engine:load")
    uvicorn.run(create_app(settings, spec=spec), port=port, log_config=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
