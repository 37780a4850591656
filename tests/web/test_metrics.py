"""`/metrics`: what Prometheus reads, and who may read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import REPOSITORY
from tests.web.conftest import API, Server
from tests.web.test_transcriptions import send

COMPUTED = ("_bucket", "_sum", "_count")


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every sample by name and labels, as Prometheus' own parser reads them."""
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(text: str, name: str, **labels: str) -> float:
    return samples(text).get((name, frozenset(labels.items())), 0.0)


def here(settings: Settings, address: str, **headers: str) -> httpx2.Response:
    """Ask from an address."""
    with TestClient(
        create_app(settings, start_worker=False), base_url="http://127.0.0.1", client=(address, 5000)
    ) as client:
        return client.get("/metrics", headers={"accept-language": "en"} | headers)


def test_queue_and_requests_are_counted(start_server: Callable[..., Server]) -> None:
    with start_server().client() as remote:
        before = remote.get("/metrics")
        remote.get(f"{API}/{'0' * 16}")
        remote.get("/nowhere/in/particular")
        remote.post(API, files={"file": ("a.wav", b"RIFF", "audio/wav")})
        after = remote.get("/metrics").text

    assert before.headers["content-type"].startswith("text/plain")
    assert value(after, "funasr_jobs", state="queued") == value(before.text, "funasr_jobs", state="queued") + 1
    found = {"method": "GET", "route": f"{API}/{{id}}", "status": "404"}
    assert value(after, "funasr_http_request_duration_seconds_count", **found) == 1
    lost = {"method": "GET", "route": "other", "status": "404"}
    assert value(after, "funasr_http_request_duration_seconds_count", **lost) == 1
    assert value(after, "funasr_disk_free_bytes") > 0
    assert value(after, "process_resident_memory_bytes") > 0


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1, 192.0.2.7"}, 403),  # the nearest proxy's word
        ("192.0.2.7", {"x-forwarded-for": "127.0.0.1"}, 403),
        ("10.1.2.3", {}, 200),
    ],
)
def test_only_the_addresses_of_the_setting_may_read_them(
    settings: Settings, address: str, headers: dict[str, str], status: int
) -> None:
    allowed = settings.model_copy(update={"metrics_from": "127.0.0.0/8, 10.0.0.0/8"})

    answer = here(allowed, address, **headers)

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"]["code"] == "metrics_not_allowed"
        assert "FUNASR_METRICS_FROM" in answer.json()["error"]["advice"]


def test_the_names_of_the_documentation_and_the_dashboard_exist(client: TestClient, settings: Settings) -> None:
    send(client)
    told = here(settings, "127.0.0.1").text
    known = {name for name, _ in samples(told)} | set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    known |= {f"{name}{ending}" for name in known for ending in COMPUTED}
    page = (REPOSITORY / "docs" / "monitoring.md").read_text(encoding="utf-8")
    dashboard = json.loads((REPOSITORY / "docs" / "grafana-dashboard.json").read_text(encoding="utf-8"))
    queries = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])

    assert sorted(set(re.findall(r"funasr_[a-z_]+[a-z]", page + queries)) - known) == []
