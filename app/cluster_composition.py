"""Makes inference of the settings: a process of this machine, or actors of a cluster. Used by the composition roots only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.domain.errors.setup import PackageMissing
from app.engine import EngineSpec
from app.engine.preparation.preparation import Preparer
from app.services.inference.dedicated import DedicatedEngines
from app.services.inference.process import InferenceProcess
from app.services.inference.role import Inference
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.cluster.connection import Cluster


def open_cluster(settings: Settings, stack: ExitStack) -> Cluster | None:
    """Return the cluster that recognises, if one is configured; it is connected with its first use.

    `stack` disconnects it.

    Raises:
        PackageMissing: Ray is not installed.
    """
    if not settings.cluster:
        return None
    if find_spec("ray") is None:
        raise PackageMissing(wanted="FUNASR_CLUSTER", package="ray", extra="cluster")
    from app.services.cluster.connection import Cluster

    cluster = Cluster(settings.cluster)
    stack.callback(cluster.close)
    return cluster


def inference_maker(settings: Settings, cluster: Cluster | None) -> Callable[[EngineSpec], Inference]:
    """Return what makes the inference of a model: a process of this machine, or actors of the cluster."""
    if cluster is None:
        return InferenceProcess
    from app.services.cluster.connection import Share
    from app.services.cluster.pool import ActorPool
    from app.services.cluster.scaling import PoolLimits

    limits = PoolLimits(
        settings.cluster_min_actors,
        settings.cluster_max_actors,
        settings.cluster_live_actors,
        settings.cluster_idle_seconds,
    )
    share = Share(settings.cluster_cpus, settings.cluster_gpus)
    return lambda spec: ActorPool(spec, cluster, share, limits)


def preparer(settings: Settings, cluster: Cluster | None, local: Preparer) -> Preparer:
    """Return what decodes the recordings of jobs."""
    if cluster is None or not settings.cluster_preparation_cpus:
        return local
    from app.services.cluster.preparation import ClusterPreparation

    return ClusterPreparation(cluster, settings.cluster_preparation_cpus, local)


def dedicated_engines(
    settings: Settings, spec_of: Callable[[str], EngineSpec], inference_of: Callable[[EngineSpec], Inference]
) -> DedicatedEngines:
    """Return the place of models that jobs name."""
    slots = settings.cluster_models if settings.cluster else 1
    return DedicatedEngines(spec_of, settings.segment_timeout_seconds, inference_of, slots)
