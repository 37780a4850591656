"""`/metrics` for Prometheus: what app/metrics.py counted, and the state at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from shutil import disk_usage

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from app import __version__, metrics
from app.domain.addresses import is_within, networks
from app.domain.errors.requests import MetricsNotAllowed
from app.domain.people import Permission, current_actor
from app.domain.states import JobState
from app.web.openapi import content, errors
from app.web.request import client_address
from app.web.routers import operation_id
from app.web.services import Services, services_of

router = APIRouter(tags=["system"], generate_unique_id_function=operation_id)


@router.get(
    "/metrics",
    response_class=Response,
    responses=content(
        200,
        "The text format of Prometheus, or OpenMetrics where that is asked for.",
        {"text/plain": "funasr_jobs 3.0\n"},
    )
    | errors(MetricsNotAllowed),
)
def get_metrics(request: Request) -> Response:
    """Scrape the metrics of this process; allowed from the addresses of FUNASR_METRICS_FROM, and with an API key of `admin`."""
    services = services_of(request)
    is_near = is_within(client_address(request.scope), networks(services.settings.metrics_from))
    actor = current_actor()
    if not is_near and not (actor.person and Permission.ADMIN in actor.permissions):
        raise MetricsNotAllowed(address=client_address(request.scope))
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    now = CollectorRegistry()
    now.register(_State(services))
    ProcessCollector(registry=now)
    return Response(encode(metrics.REGISTRY) + encode(now), media_type=media_type)


class _State:
    """A collector of what is so at the time of the scrape."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        services = self._services
        status = services.inference.status()
        yield _info(status.info.model if status.info else "", status.info.device if status.info else "")
        yield _jobs(services.queue.counts())
        yield _gauge("funasr_live_sessions", "Live sessions, with and without a client.", len(services.live.sessions()))
        yield _gauge(
            "funasr_disk_free_bytes", "Free space for recordings.", disk_usage(services.settings.data_dir).free
        )
        yield _gauge("funasr_inference_ready", "Whether the inference process has a model.", status.info is not None)
        yield _gauge("funasr_inference_memory_bytes", "Memory of the inference process.", status.rss_bytes or 0)


def _info(model: str, device: str) -> Metric:
    info = GaugeMetricFamily(
        "funasr_info", "Version, and the model that is loaded.", labels=("version", "model", "device")
    )
    info.add_metric((__version__, model, device), 1)
    return info


def _jobs(counts: dict[JobState, int]) -> Metric:
    jobs = GaugeMetricFamily("funasr_jobs", "Jobs in the history, by state; `queued` is the queue.", labels=("state",))
    for state, count in counts.items():
        jobs.add_metric((state.value,), count)
    return jobs


def _gauge(name: str, help_text: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, help_text)
    gauge.add_metric((), float(value))
    return gauge
