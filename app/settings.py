"""All settings in one place, each with its unit and bounds. Only the composition roots read them.

Every setting can be given by an environment variable: FUNASR_ and the name in capitals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.paths import builtin_model_dir, home_dir


class Settings(BaseSettings):
    """The settings of one server, worker or command."""

    model_config = SettingsConfigDict(env_prefix="FUNASR_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens the server to the network."""

    port: int = Field(default=7860, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    allowed_hosts: str = ""
    """Further names, with commas, under which a server on the loopback address answers (a reverse proxy)."""

    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """Where the model computes: auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:N or mps."""

    allow_device_fallback: bool = False
    """Compute on the CPU where the device asked for is absent or broken; the receipt then says so."""

    dtype: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    """Precision of the weights: auto (half precision where it is faster and as good), or one of the others."""

    batch_seconds: float = Field(default=0.0, ge=0, le=3600)
    """Seconds of sound, with padding, that are computed at once; 0 takes what is measured best on the device."""

    punctuation_model: Path | None = None
    """Folder of a FunASR punctuation model (ct-punc); without one, pauses are punctuated."""

    vad_model: Path | None = None
    """Folder of a FunASR voice activity model (fsmn-vad); pieces without speech for it get no text."""

    model: Path = Field(default_factory=builtin_model_dir)
    """Folder of the model; where it is given, it wins over the choice on the page or by `models use`."""

    models_dir: Path = Field(default_factory=lambda: home_dir() / "models")
    """Folder that downloaded models are kept in."""

    model_idle_minutes: float = Field(default=0.0, ge=0, le=10_080)
    """Minutes without work after which the model is unloaded and its memory freed; 0 keeps it loaded."""

    wenet_mirror: str = Field(
        default="https://huggingface.co/openspeech/wenet-models/resolve/main/{name}.tar.gz",
        pattern=r"^https?://.+\{name\}",
    )
    """Address of WeNet's public checkpoints, with {name} in place of their names."""

    data_dir: Path = Field(default_factory=lambda: home_dir() / "data")
    """Folder of the database and the recordings."""

    log_dir: Path = Field(default_factory=lambda: home_dir() / "logs")
    """Folder of app.log."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is written to the log."""

    log_file_mb: int = Field(default=10, ge=1, le=1000)
    """Size in megabytes at which app.log is rotated; five older files are kept."""

    threads: int = Field(default=0, ge=0, le=256)
    """CPU threads of the inference; 0 takes the physical cores less one."""

    max_upload_mb: int = Field(default=2048, ge=1)
    """Largest upload in megabytes (1 MB = 1,048,576 bytes)."""

    max_duration_hours: float = Field(default=24.0, gt=0)
    """Longest recording in hours."""

    decode_cpu_seconds: int = Field(default=3600, ge=1)
    """Computing time in seconds that reading one file may take."""

    decode_memory_mb: int = Field(default=2048, ge=256)
    """Memory in megabytes that reading one file may take."""

    concurrent_jobs: int = Field(default=2, ge=1, le=16)
    """Jobs worked on at the same time: one can be read while another is recognised."""

    segment_timeout_seconds: float = Field(default=300.0, gt=0)
    """Seconds without an answer after which the inference process counts as hung and is started again."""

    vad_mode: int = Field(default=2, ge=0, le=3)
    """Aggressiveness of the voice activity detection: 0 keeps most sound, 3 drops most."""

    vad_frame_ms: Literal[10, 20, 30] = 30
    """Length in milliseconds of one frame of the voice activity detection."""

    max_segment_ms: int = Field(default=30_000, ge=1000, le=60_000)
    """Longest segment in milliseconds; longer speech is cut at its quietest point."""

    min_speech_ms: int = Field(default=200, ge=0, le=10_000)
    """Speech shorter than this many milliseconds is dropped."""

    min_silence_ms: int = Field(default=700, ge=0, le=10_000)
    """Silence in milliseconds that ends a segment."""

    speech_pad_ms: int = Field(default=300, ge=0, le=2_000)
    """Milliseconds of sound kept before and after each segment."""
