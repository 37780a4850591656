"""The connection to a Ray cluster. Only this package imports ray, and only once a cluster is configured."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from app.domain.errors.inference import ClusterRefused, ClusterUnreachable
from app.logging import event
from app.services.cluster.actor import WATCH, InferenceActor
from app.services.cluster.tally import Tally

NAMESPACE = "funasr"
CLIENT = "ray://"
LOCAL = "local"  # Ray's own word for a cluster of its own, whatever else runs on this machine
REACH_SECONDS = 3.0
REFUSALS = ("authentication", "unauthenticated", "authorization")  # in Ray's and gRPC's words for a missing token
NOT_CONNECTED = (ClusterUnreachable.code, ClusterRefused.code)
NODE_LABEL = "ray.io/node-id"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster."""

    id: str
    name: str
    address: str
    cpus: float
    gpus: float
    memory_bytes: int
    is_draining: bool
    """It is about to leave, and begins nothing new."""


class WatchedPool(Protocol):
    """What can be seen of a pool of actors."""

    crew: Any

    @property
    def waiting(self) -> int:
        """How many segments wait for a free actor."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """What one actor takes of a node."""

    cpus: float = 1.0
    gpus: float = 0.0


class Cluster:
    """Connects with the first use, once. Every method may be called from any thread."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = Lock()
        # Not the caller's thread, which may be the main one: Ray would replace the server's handling of SIGTERM. And not
        # one that ends: what Ray starts for `local` ends with the thread that started it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cluster-connection")
        self._ray: Any = None
        self.connections = 0
        """How often it was connected: actors of a former connection are gone."""
        self.pools: list[WatchedPool] = []
        """Those that run at present: of the model in use, and of models that jobs name."""
        self.tally = Tally()

    @property
    def is_connected(self) -> bool:
        return self._ray is not None

    @property
    def ray(self) -> Any:
        """The module ray, connected.

        Raises:
            ClusterUnreachable
        """
        with self._lock:
            if self._ray is not None and not self._ray.is_initialized():  # a client whose connection broke off
                event(_log, logging.ERROR, "cluster_lost", address=self.address)
                self._ray.shutdown()
                self._ray = None
            if self._ray is None:
                self._ray = self._connected()
                self.connections += 1
            return self._ray

    def close(self) -> None:
        """Disconnect: Ray ends all that this process has started."""
        with self._lock:
            if self._ray is not None:
                self._ray.shutdown()
                self._ray = None

    def start_actor(self, name: str, share: Share, arguments: Sequence[object], avoided: Collection[str] = ()) -> Any:
        """Start an inference actor on a node that is not `avoided`; Ray chooses it, and starts it again after a crash."""
        options: dict[str, Any] = (
            {"label_selector": {NODE_LABEL: f"!in({','.join(sorted(avoided))})"}} if avoided else {}
        )
        actor = self._actor_class().options(
            name=name,
            namespace=NAMESPACE,
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            max_restarts=-1,
            max_task_retries=0,  # the scheduler tries again, a segment of a lost batch on its own
            **options,
        )
        return actor.remote(*arguments)

    def _actor_class(self) -> Any:
        """Return the class as Ray wants it: its own decorators, which clients cannot give with a call."""
        ray = self.ray

        class Actor(InferenceActor):
            place = ray.method(concurrency_group=WATCH)(InferenceActor.place)
            started = ray.method(concurrency_group=WATCH)(InferenceActor.started)
            report = ray.method(concurrency_group=WATCH)(InferenceActor.report)

        return ray.remote(concurrency_groups={WATCH: 1})(Actor)

    def nodes(self) -> tuple[Node, ...]:
        """Return the living nodes."""
        alive = [node for node in self.ray.nodes() if node["Alive"]]
        draining = self._draining()
        return tuple(_node(node, is_draining=node["NodeID"] in draining) for node in alive)

    def free_resources(self) -> dict[str, float]:
        """Return what of the whole cluster nobody uses."""
        return dict(self.ray.available_resources())

    def _draining(self) -> Collection[str]:
        if self.address.startswith(CLIENT):  # a client does not learn of it; what is lost is recognised again
            return ()
        from ray._private.state import state  # Ray Data and Ray Serve read it there, too: it has no public name

        with suppress(AttributeError):
            return frozenset(state.get_draining_nodes())
        return ()

    def _connected(self) -> Any:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        try:
            _check_there(self.address)
            _check_token(self.address)
            self._thread.submit(self._connect, ray).result()
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            is_refused = any(word in str(error).lower() for word in REFUSALS)
            raise (ClusterRefused if is_refused else ClusterUnreachable)(address=self.address, reason=reason) from error
        event(_log, logging.INFO, "cluster_connected", address=self.address, ray=ray.__version__)
        return ray

    def _connect(self, ray: Any) -> None:
        own: dict[str, Any] = {"include_dashboard": False} if self.address == LOCAL else {}
        ray.init(
            self.address,
            **own,
            namespace=NAMESPACE,
            log_to_driver=False,
            logging_level=logging.WARNING,
            configure_logging=False,
        )


def _check_there(address: str) -> None:
    """Try the port of a named cluster: Ray itself would try for minutes.

    Raises:
        OSError: nobody listens there.
    """
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    if host:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()


def _check_token(address: str) -> None:
    """Ask a head that clients reach whether it takes our token, if we have one: Ray's client itself would time out.

    Raises:
        PermissionError: it does not; with its words.
    """
    if not address.startswith(CLIENT):
        return
    import grpc
    from ray._private.grpc_utils import init_grpc_channel
    from ray.core.generated import ray_client_pb2, ray_client_pb2_grpc

    request = ray_client_pb2.ClusterInfoRequest(type=ray_client_pb2.ClusterInfoType.PING)
    channel = init_grpc_channel(address.removeprefix(CLIENT))
    try:
        ray_client_pb2_grpc.RayletDriverStub(channel).ClusterInfo(request, timeout=REACH_SECONDS)
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAUTHENTICATED:
            raise PermissionError(f"UNAUTHENTICATED: {error.details()}") from error
    finally:
        channel.close()


def _node(found: dict[str, Any], *, is_draining: bool) -> Node:
    resources = found["Resources"]
    address = found["NodeManagerAddress"]
    name = found["NodeName"]
    return Node(
        id=found["NodeID"],
        name=name if name and name != address else found.get("NodeManagerHostname") or address,
        address=address,
        cpus=resources.get("CPU", 0.0),
        gpus=resources.get("GPU", 0.0),
        memory_bytes=int(resources.get("memory", 0)),
        is_draining=is_draining,
    )
