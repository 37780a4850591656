"""What this process counts, for Prometheus. Counted where it happens; app/web/api/metrics.py answers it.

Names follow https://prometheus.io/docs/practices/naming: base units, `_total` for counters.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()

SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WAITS = (0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0)

requests = Histogram(
    "funasr_http_request_duration_seconds",
    "Time to answer a request, to its last byte.",
    ("method", "route", "status"),
    buckets=SECONDS,
    registry=REGISTRY,
)
jobs_ended = Counter("funasr_jobs_ended_total", "Jobs that ended, by how.", ("state",), registry=REGISTRY)
job_wait = Histogram(
    "funasr_job_wait_seconds", "From the end of an upload to its first work.", buckets=WAITS, registry=REGISTRY
)
segments = Counter(
    "funasr_segments_total", "Segments of speech that were read, by outcome.", ("outcome",), registry=REGISTRY
)
batch_segments = Histogram(
    "funasr_batch_segments",
    "Segments that were computed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
    registry=REGISTRY,
)
speech_seconds = Counter("funasr_speech_seconds_total", "Seconds of speech that were computed.", registry=REGISTRY)
computing_seconds = Counter(
    "funasr_computing_seconds_total",
    "Seconds that computing them took; divided by the speech it is the real-time factor.",
    registry=REGISTRY,
)
inference_starts = Counter("funasr_inference_starts_total", "Starts of the inference process.", registry=REGISTRY)
inference_exits = Counter(
    "funasr_inference_exits_total", "Unexpected ends of the inference process.", registry=REGISTRY
)
cluster_segments = Counter(
    "funasr_cluster_segments_total", "Segments that the actors of a node have read.", ("node",), registry=REGISTRY
)
cluster_speech_seconds = Counter(
    "funasr_cluster_speech_seconds_total", "Seconds of speech in them.", ("node",), registry=REGISTRY
)
cluster_computing_seconds = Counter(
    "funasr_cluster_computing_seconds_total", "Seconds that its actors were busy.", ("node",), registry=REGISTRY
)
live_latency = Histogram(
    "funasr_live_final_latency_seconds",
    "From the end of speech in a live session to its stored text.",
    buckets=SECONDS,
    registry=REGISTRY,
)
