"""All settings in one place, each with its unit and bounds. Only the composition roots read them.

Every setting can be given by an environment variable: FUNASR_ and the name in capitals. Those of ON_PAGE can be
changed on the page, too, which keeps them in DATA_DIR/settings.json. A command line's option wins over the
environment, that over the page, and that over the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from app.cluster_settings import ClusterSettings
from app.domain.addresses import checked_networks, checked_root_path
from app.domain.options import SILERO, DetectorName
from app.domain.replacements import LONGEST_RULES, checked_text
from app.files_settings import FilesSettings
from app.login_settings import LoginSettings
from app.paths import home_dir, logs_dir
from app.setting_rules import ON_PAGE, broken_rules
from app.settings_file import KeptSettings, read_kept

PREFIX = "FUNASR_"


class Origin(StrEnum):
    """Where the value of a setting comes from, the strongest first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    PAGE = "page"
    DEFAULT = "default"


class Settings(FilesSettings, LoginSettings, ClusterSettings):
    """The settings of one server, worker or command."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=True)

    _given: frozenset[str] = PrivateAttr(frozenset())
    """Names that an option of the command line, or the caller, has given."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._given = frozenset(given)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the rest is not used; pydantic names it
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _EnvironmentSource(settings_cls), _PageSource(settings_cls)

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        for rule in broken_rules(self.__dict__):
            raise ValueError(rule.reason)
        return self

    def origin(self, name: str) -> Origin:
        """Return where the value of a setting comes from."""
        if name in self._given:
            return Origin.OPTION
        if variable(name) in os.environ:
            return Origin.ENVIRONMENT
        return Origin.PAGE if name in self.model_fields_set else Origin.DEFAULT

    def with_page(self, kept: Mapping[str, Any]) -> Settings:
        """Return these settings with the values of the page in place of the former ones."""
        free = {name for name in ON_PAGE if self.origin(name) in (Origin.PAGE, Origin.DEFAULT)}
        defaults = {name: type(self).model_fields[name].default for name in free}
        chosen = {name: value for name, value in kept.items() if name in free}
        changed = self.model_copy(update=defaults | chosen)
        changed.__pydantic_fields_set__ = (self.model_fields_set - free) | set(chosen)
        return changed

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 2**20

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens the server to the network."""

    port: int = Field(default=7860, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    funasr_port: int | None = Field(default=None, ge=0, le=65535)
    """Further port for clients of FunASR's websockets, which use 10095; 0 takes a free one, without it there is none."""

    ssl_certfile: Path | None = None
    """Certificate (PEM, with its chain) with which both ports speak HTTPS; without one they speak HTTP."""

    ssl_keyfile: Path | None = None
    """Private key of the certificate (PEM, without a password); without one it is in the same file."""

    allowed_hosts: str = ""
    """Further names, with commas, under which the server answers: of a reverse proxy, or of the DNS."""

    root_path: Annotated[str, AfterValidator(checked_root_path)] = ""
    """Path under which a reverse proxy serves the program (/asr); empty at the root of a host."""

    trusted_proxies: Annotated[str, AfterValidator(checked_networks)] = "127.0.0.0/8,::1"
    """Addresses and networks, with commas, of the proxies whose X-Forwarded headers are believed."""

    metrics_from: Annotated[str, AfterValidator(checked_networks)] = "127.0.0.0/8,::1"
    """Addresses and networks, with commas, from which Prometheus may read /metrics; empty: from none."""

    webhook_networks: Annotated[str, AfterValidator(checked_networks)] = ""
    """Addresses and networks, with commas, to which webhooks may be sent although they are not public."""

    head_timeout_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Seconds in which a client has to send the head of a request; then its connection is closed."""

    body_timeout_seconds: float = Field(default=120.0, gt=0, le=3600)
    """Seconds in which at least 1 KB of an upload has to arrive; then its connection is closed."""

    answer_timeout_seconds: float = Field(default=120.0, gt=0, le=3600)
    """Seconds in which a client has to take some of an answer that waits for it; then its connection is closed."""

    idle_timeout_seconds: int = Field(default=20, ge=1, le=3600)
    """Seconds that a connection without a request stays open; longer than a reverse proxy keeps its own."""

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

    model: Path | None = None
    """Folder of the model; where it is given, it wins over the choice on the page or by `models use`."""

    default_model: str = ""
    """Name of the model that is used until one is chosen; empty: the large built-in one, where it is there."""

    models_dir: Path = Field(default_factory=lambda: home_dir() / "models")
    """Folder that downloaded models are kept in."""

    model_idle_minutes: float = Field(default=0.0, ge=0, le=10_080)
    """Minutes without work after which the model is unloaded and its memory freed; 0 keeps it loaded."""

    no_models: bool = False
    """Let scripts/start.sh bring no model on a first start."""

    wenet_mirror: str = Field(
        default="https://huggingface.co/openspeech/wenet-models/resolve/main/{name}.tar.gz",
        pattern=r"^https?://.+\{name\}",
    )
    """Address of WeNet's public checkpoints, with {name} in place of their names."""

    data_dir: Path = Field(default_factory=lambda: home_dir() / "data")
    """Folder of the database and the recordings."""

    database_url: SecretStr = SecretStr("")
    """Database on a PostgreSQL server (postgresql://user:password@host/name); empty: a file in the data folder."""

    import_root: Path | None = None
    """Folder whose recordings the page of batches may read on this machine; without one it reads none."""

    log_dir: Path = Field(default_factory=logs_dir)
    """Folder of app.log."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is written to the log."""

    log_json: bool = False
    """Write the whole log to standard error as well, one JSON object on each line, for collectors of logs."""

    log_file_mb: int = Field(default=10, ge=1, le=1000)
    """Size in megabytes at which app.log is rotated; five older files are kept."""

    threads: int = Field(default=0, ge=0, le=256)
    """CPU threads of the inference; 0 takes the physical cores less one."""

    max_upload_mb: int = Field(default=2048, ge=1, le=1_048_576)
    """Largest upload in megabytes (1 MB = 1,048,576 bytes)."""

    max_duration_hours: float = Field(default=24.0, gt=0, le=1000)
    """Longest recording in hours."""

    decode_cpu_seconds: int = Field(default=3600, ge=1, le=604_800)
    """Computing time in seconds that reading one file may take."""

    decode_memory_mb: int = Field(default=2048, ge=256, le=1_048_576)
    """Memory in megabytes that reading one file may take."""

    retention_days: int = Field(default=0, ge=0, le=36_500)
    """Days after its end at which a transcription goes to the trash; 0 keeps it for ever."""

    trash_days: int = Field(default=30, ge=0, le=36_500)
    """Days that what was deleted stays in the trash before it is removed for good; 0 keeps it until it is emptied."""

    client_queue: int = Field(default=256, ge=1, le=100_000)
    """Recordings that may wait when programs send them by OpenAI's API or /asr; further ones are refused with 429."""

    concurrent_jobs: int = Field(default=2, ge=1, le=16)
    """Jobs worked on at the same time: one can be read while another is recognised."""

    segment_timeout_seconds: float = Field(default=300.0, gt=0, le=86_400)
    """Seconds without an answer after which the inference process counts as hung and is started again."""

    vad_detector: DetectorName = SILERO
    """What tells speech from other sound."""

    vad_threshold: float = Field(default=0.7, ge=0, le=1)
    """Of silero: how likely a moment must be speech, 0 to 1; more leaves out more."""

    vad_mode: int = Field(default=2, ge=0, le=3)
    """Of webrtcvad, its aggressiveness: 0 keeps most sound, 3 drops most."""

    vad_frame_ms: Literal[10, 20, 30] = 30
    """Of webrtcvad: length in milliseconds of one frame."""

    max_segment_ms: int = Field(default=30_000, ge=1000, le=60_000)
    """Longest segment in milliseconds; longer speech is cut at its quietest point."""

    min_speech_ms: int = Field(default=200, ge=0, le=10_000)
    """Speech shorter than this many milliseconds is dropped."""

    min_silence_ms: int = Field(default=700, ge=0, le=10_000)
    """Silence in milliseconds that ends a segment."""

    speech_pad_ms: int = Field(default=300, ge=0, le=2_000)
    """Milliseconds of sound kept before and after each segment."""

    replacements: Annotated[str, AfterValidator(checked_text)] = Field(default="", max_length=LONGEST_RULES)
    """Rules of replacement for the text of every recording, one on each line: `wrong => right`."""

    live_sessions: int = Field(default=32, ge=1, le=1000)
    """Live sessions at the same time; further ones are refused."""

    live_keep_minutes: float = Field(default=10.0, gt=0, le=1440)
    """Minutes that a live session waits for its client after the connection was lost; then it is ended."""


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def checked_value(name: str, value: Any) -> Any:
    """Return the value of one setting as the program uses it.

    Raises:
        ValidationError: it is of the wrong kind, or out of bounds.
    """
    field = Settings.model_fields[name]
    annotation: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotation).validate_python(value)


def kept_settings(data_dir: Path, given: Mapping[str, Any]) -> KeptSettings:
    """Return what the page keeps and can be used; where something cannot, its damage says what.

    `given` are the values of stronger sources, which hold whatever the page keeps.
    """
    kept = read_kept(data_dir)
    values, damage = {}, [kept.damage] if kept.damage else []
    for name, value in kept.values.items():
        if name not in ON_PAGE:  # of another version of this program
            continue
        try:
            values[name] = checked_value(name, value)
        except ValidationError as error:
            damage.append(f"{name}: {error.errors()[0]['msg']}")
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    for rule in broken_rules(defaults | values | dict(given)):
        values = {name: value for name, value in values.items() if name not in rule.names}
        damage.append(rule.reason)
    return KeptSettings(values, "; ".join(damage))


class _EnvironmentSource(EnvSettingsSource):
    """Reads the variables that are there; pydantic takes apart the types of all others, too, which takes 25 ms."""

    def __call__(self) -> dict[str, Any]:
        return {
            name: self.prepare_field_value(name, field, value, value_is_complex=False)
            for name, field in self.settings_cls.model_fields.items()
            if (value := self.env_vars.get(variable(name).lower())) is not None
        }


class _PageSource(PydanticBaseSettingsSource):
    """Reads what was changed on the page, under the data folder that the stronger sources name."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False  # `__call__` answers for all fields at once

    def __call__(self) -> dict[str, Any]:
        folder = self.current_state.get("data_dir") or home_dir() / "data"
        return dict(kept_settings(Path(folder), self._stronger()).values)

    def _stronger(self) -> dict[str, Any]:
        """Return the usable values of options and environment; what is unusable, pydantic refuses afterwards."""
        usable = {}
        for name in ON_PAGE.keys() & self.current_state.keys():
            with suppress(ValidationError):
                usable[name] = checked_value(name, self.current_state[name])
        return usable
