"""Converts settings to the plain values that engine and jobs take; used by the composition roots only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.domain.addresses import is_loopback
from app.domain.errors.models import ModelError
from app.domain.options import TranscriptionOptions, VadOptions
from app.domain.people import Role
from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.engine.catalog.extras import extra_of
from app.engine.catalog.known_models import BUILTIN, BUILTIN_LARGE, PUNCTUATION, SPEAKERS, VAD
from app.engine.catalog.registry import FUNASR_FACTORY, NANO, WHISPER_FACTORY, factory_for, identify
from app.files_composition import store_fault
from app.paths import builtin_model_dir, large_model_dir
from app.services.cluster.connection import Cluster
from app.services.models.model_identity import model_checksum
from app.services.models.models import Models
from app.services.models.places import ModelPlaces
from app.services.people.accounts import Accounts, LoginRule
from app.services.settings import SettingsStore
from app.services.transcriptions.retention import Spans
from app.settings import Origin, Settings, checked_value
from app.store.database import Database, open_database
from app.support.case import Installation
from app.support.doctor import Subject
from app.support.doctor.examination import Examination
from app.support.replay.bench import ENGINE_SETTINGS, Bench, labeller_with
from app.support.replay.recorded import RecordedCase

if TYPE_CHECKING:
    from app.services.people.oidc import OidcLogin

SETTABLE = (*ENGINE_SETTINGS, "model", "vad_model", "punctuation_model")
"""Settings that a replay may override, besides the transcription's options."""
GIVEN_ON = ("device", "dtype", "model", "threads", "allow_device_fallback")
"""Server options passed on to child programs, which inherit the environment anyway."""


def replay_command(settings: Settings) -> tuple[str, ...]:
    """Return the command that replays a case with this server's options."""
    command = [sys.executable, "-P", "-m", "app", "replay", "--json"]
    command += ["--data-dir", str(settings.data_dir), "--log-dir", str(settings.log_dir)]
    for name in GIVEN_ON:
        value = getattr(settings, name)
        if settings.origin(name) is Origin.OPTION and value is not False:
            command.append(f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}"))
    return tuple(command)


def open_store(settings: Settings) -> Database:
    """Return the database, which `migrate` opens.

    Raises:
        DatabaseUnusable: its URL or the driver for it is wrong.
    """
    return open_database(settings.data_dir, settings.database_url.get_secret_value())


def open_models(settings: Settings, spec: EngineSpec | None = None) -> Models:
    """Return the models; one given by the environment, an option or `spec` cannot be changed by selection."""
    fixed = settings.model or (spec.model_dir if spec else None)
    places = ModelPlaces(
        models_dir=settings.models_dir.absolute(),
        builtin=builtin_model_dir(),
        large=large_model_dir(),
        default=settings.default_model or _default_model(),
        data_dir=settings.data_dir,
        fixed=None if fixed is None or (spec and fixed == builtin_model_dir()) else fixed.absolute(),
        wenet_mirror=settings.wenet_mirror,
        named=tuple(folder.absolute() for folder in (settings.punctuation_model, settings.vad_model) if folder),
    )
    return Models(places)


def _default_model() -> str:
    """Return the best built-in model that this installation can load."""
    return BUILTIN_LARGE if large_model_dir() and find_spec("ctranslate2") else BUILTIN


def engine_spec(settings: Settings) -> EngineSpec:
    """Return the engine of the selected model."""
    return spec_of_folder(settings, open_models(settings).folder_in_use())


def spec_of_folder(settings: Settings, folder: Path) -> EngineSpec:
    return EngineSpec(
        model_dir=folder,
        factory=factory_for(folder),
        device=settings.device,
        threads=settings.threads,
        dtype=settings.dtype,
        allow_fallback=settings.allow_device_fallback,
        batch_seconds=settings.batch_seconds,
        punctuation_model=settings.punctuation_model or _downloaded(settings, PUNCTUATION),
        vad_model=settings.vad_model or _downloaded(settings, VAD),
    )


def _downloaded(settings: Settings, name: str) -> Path | None:
    """Return a downloaded auxiliary model if it is complete and its packages are installed."""
    folder = settings.models_dir / name
    try:
        extra = extra_of(identify(folder).architecture, folder)
    except ModelError:  # not downloaded, or damaged: its card says so
        return None
    return folder if extra is None or extra.is_installed else None


def speaker_model_dir(settings: Settings) -> Path | None:
    """Return the folder of the model that tells speakers apart, if it was downloaded or copied."""
    return _downloaded(settings, SPEAKERS)


def spec_finder(store: SettingsStore, spec: EngineSpec | None) -> Callable[[Path], EngineSpec]:
    """Return a function from a model folder to its engine spec under the current settings."""

    def spec_of(folder: Path) -> EngineSpec:
        settings = store.now
        if spec is None:
            return spec_of_folder(settings, folder)
        changes = store.engine_changes(settings)
        if "allow_device_fallback" in changes:
            changes["allow_fallback"] = changes.pop("allow_device_fallback")
        return replace(spec, model_dir=folder, **changes)

    return spec_of


def quick_spec(settings: Settings) -> EngineSpec:
    """Return the engine for partial texts if the active model is too slow for them."""
    return replace(spec_of_folder(settings, builtin_model_dir()), device="cpu", batch_seconds=0.0)


def is_slow_live(in_use: EngineSpec, device: str, options: TranscriptionOptions) -> bool:
    """Return whether the active model is slow, and the small built-in one supports the language."""
    languages = ("zh", "en", "auto") if in_use.model_dir == large_model_dir() else ("zh", "en")
    is_slow = not device.startswith("cuda") and _writes_word_by_word(in_use)
    return is_slow and options.language in languages


def _writes_word_by_word(spec: EngineSpec) -> bool:
    """Return whether the model decodes token by token (Whisper, Fun-ASR-Nano), which is slow on a CPU."""
    if spec.factory != FUNASR_FACTORY:
        return spec.factory == WHISPER_FACTORY
    try:
        return identify(spec.model_dir).architecture == NANO
    except ModelError:  # removed or damaged since it was loaded
        return False


def replay_bench(settings: Settings, changes: Mapping[str, str]) -> Bench:
    def spec_for(case: RecordedCase) -> EngineSpec:
        return _spec_of_case(settings, case, changes)

    labeller = labeller_with(lambda: speaker_model_dir(settings), settings.segment_timeout_seconds)
    return Bench(spec_for, decode_limits(settings), settings.segment_timeout_seconds, changes, labeller)


def _spec_of_case(settings: Settings, case: RecordedCase, changes: Mapping[str, str]) -> EngineSpec:
    values = _recorded(settings, case) | {
        name: checked_value(name, value) for name, value in changes.items() if name in SETTABLE
    }
    wanted = settings.model_copy(update=values)
    folder = wanted.model if "model" in changes else None
    return spec_of_folder(wanted, folder or _folder_of_case(settings, case))


def _recorded(settings: Settings, case: RecordedCase) -> dict[str, Any]:
    """Return the recorded engine settings that are not overridden here."""
    free = [name for name in ENGINE_SETTINGS if settings.origin(name) in (Origin.DEFAULT, Origin.PAGE)]
    values = {name: checked_value(name, case.settings[name]) for name in free if name in case.settings}
    if case.job.get("device"):  # the recorded device, which may be absent here
        values["allow_device_fallback"] = True
    return values


def _folder_of_case(settings: Settings, case: RecordedCase) -> Path:
    """Return the recorded model if it is installed here, else the active one."""
    models = open_models(settings)
    in_use = models.folder_in_use()
    if settings.origin("model") is not Origin.DEFAULT:
        return in_use
    folders = [
        in_use,
        *(entry.folder for entry in models.entries() if entry.folder and entry.name == case.job["model"]),
    ]
    return next((each for each in folders if model_checksum(each) == case.model.get("checksum")), in_use)


def decode_limits(settings: Settings) -> DecodeLimits:
    return DecodeLimits(
        max_seconds=settings.max_duration_hours * 3600,
        cpu_seconds=settings.decode_cpu_seconds,
        memory_mb=settings.decode_memory_mb,
    )


def retention_spans(settings: Settings) -> Spans:
    return Spans(settings.retention_days, settings.trash_days)


def vad_options(settings: Settings) -> VadOptions:
    return VadOptions(
        detector=settings.vad_detector,
        threshold=settings.vad_threshold,
        mode=settings.vad_mode,
        frame_ms=settings.vad_frame_ms,
        max_segment_ms=settings.max_segment_ms,
        min_speech_ms=settings.min_speech_ms,
        min_silence_ms=settings.min_silence_ms,
        speech_pad_ms=settings.speech_pad_ms,
    )


def subject_of(settings: Settings, spec: EngineSpec, cluster: Cluster | None = None) -> Subject:
    """Return what the doctor examines."""
    return Subject(
        spec,
        settings.data_dir,
        settings.log_dir,
        settings.host,
        settings.port,
        not settings.insecure_no_login,
        settings.database_url.get_secret_value(),
        settings.files_url,
        lambda: store_fault(settings),
        cluster or (Cluster(settings.cluster) if settings.cluster else None),
    )


def installation(settings: Settings, models: Models, examination: Callable[[], Examination]) -> Installation:
    """Return what a support case includes about this installation."""
    return Installation(
        settings={name: _told(settings, name) for name in type(settings).model_fields},
        host_names=tuple(filter(None, (settings.host, *settings.allowed_hosts.replace(" ", "").split(",")))),
        data_dir=settings.data_dir,
        log_dir=settings.log_dir,
        spec=spec_of_folder(settings, models.folder_in_use()),
        limits=decode_limits(settings),
        folder_of_model=lambda name: _folder_of(models, name),
        examination=examination,
    )


def _told(settings: Settings, name: str) -> dict[str, Any]:
    default = type(settings).model_fields[name].get_default(call_default_factory=True)
    value = getattr(settings, name)
    return {"value": _plain(value), "origin": settings.origin(name).value, "default": _plain(default)}


def _plain(value: object) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _folder_of(models: Models, name: str) -> Path | None:
    return next((entry.folder for entry in models.entries() if entry.name == name), None)


def login_rule(settings: Settings) -> LoginRule:
    is_told = bool(settings.oidc_issuer or settings.login_header)
    is_forced = settings.login == "always" or is_told or not is_loopback(settings.host)
    role = Role(settings.login_header_role)
    return LoginRule(is_forced, settings.insecure_no_login, settings.admin_sees_texts, role)


def open_accounts(settings: Settings, database: Database) -> Accounts:
    """Return the accounts, with the login by an OpenID provider if one is configured."""
    accounts = Accounts(database, login_rule(settings))
    if settings.oidc_issuer:
        accounts.oidc = _open_oidc(settings, accounts)
    return accounts


def _open_oidc(settings: Settings, accounts: Accounts) -> OidcLogin:
    from app.services.people.oidc import OidcLogin, OidcRule
    from app.services.people.oidc_provider import OidcProvider  # imports cryptography, for which few have to wait

    groups = (
        (Role.ADMINISTRATOR, settings.oidc_admin_group),
        (Role.MEMBER, settings.oidc_member_group),
        (Role.READER, settings.oidc_reader_group),
    )
    rule = OidcRule(
        settings.oidc_name_claim,
        settings.oidc_groups_claim,
        tuple((role, group) for role, group in groups if group),
        Role(settings.oidc_default_role) if settings.oidc_default_role else None,
    )
    provider = OidcProvider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret_file, settings.oidc_scopes
    )
    label = settings.oidc_label or urlsplit(settings.oidc_issuer).netloc
    return OidcLogin(provider, rule, accounts.external, label)
