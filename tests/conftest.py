"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.warm import fork_what_is_started, start_for_workers, use_shared

if TYPE_CHECKING:
    from app.engine.preparation.pool import PreparationPool

REPOSITORY = Path(__file__).resolve().parent.parent
DATABASE = "FUNASR_TEST_DATABASE"  # "postgresql" runs the tests of the store, the services and the web on it
SHARED_SERVERS = {"server", "house", "client", "worker_client", "quick", "serve", "proxied", "answer", "compared"}
OWN = ("FUNASR_SHARED", DATABASE)  # the variables of this name that mean the tests
TESTS = REPOSITORY / "tests"
FEW_THREADS = {  # on a busy machine the threads of one process wait for each other, and by default they burn it meanwhile
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
}
SLOW = (  # each of their tests starts a browser, a server, a model or several processes
    "browser",
    "cli",
    "objects",
    "packaging",
    "scripts",
    "training",
    "engine/sanm",
    "engine/test_audio.py",
    "engine/test_batching.py",
    "engine/test_conformer.py",
    "engine/test_non_speech.py",
    "engine/test_precision.py",
    "engine/test_preparation.py",
    "engine/test_preparation_pool.py",
    "engine/test_process.py",
    "engine/test_speech_stream.py",
    "engine/text/test_itn.py",
    "services/test_batches.py",
    "services/test_batching.py",
    "services/test_channels.py",
    "services/test_database_server.py",
    "services/test_client_requests.py",
    "services/test_devices.py",
    "services/test_durability.py",
    "services/test_inference.py",
    "services/test_live.py",
    "services/test_missing.py",
    "services/test_settings.py",
    "services/test_transcribing.py",
    "models/test_extras.py",
    "models/test_models.py",
    "models/test_package_index.py",
    "support/test_case.py",
    "support/test_doctor.py",
    "support/test_live_case.py",
    "support/test_orphans.py",
    "support/test_replay.py",
    "support/test_shrink.py",
    "test_main_job.py",
    "web/test_case.py",
    "web/test_doctor.py",
    "web/test_events.py",
    "web/test_files.py",
    "web/test_funasr.py",
    "web/test_hostile_sockets.py",
    "web/test_live.py",
    "web/test_realtime.py",
    "web/test_ai_sdk.py",
    "web/test_asr_webservice.py",
    "web/test_client_cases.py",
    "web/test_openai_2024.py",
    "web/test_openai_client.py",
    "web/test_openai_repeats.py",
    "web/test_openai_wire.py",
    "web/test_replay.py",
    "web/test_vad.py",
)


gc.disable()  # what collecting the tests makes stays: searching it again and again takes a tenth of the whole run


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests find a machine without the tester's own settings and data, and no proxy in the way to their servers."""
    for name in [name for name in os.environ if name.startswith("FUNASR_") and name not in OWN]:
        del os.environ[name]
    os.environ |= FEW_THREADS  # before anything imports torch or numpy
    # The small built-in model, unless a test says otherwise: it takes a tenth of the computing.
    os.environ["FUNASR_DEFAULT_MODEL"] = "builtin"
    # A checkout whose server has run has models that somebody, or its first start, has chosen and downloaded.
    own = TemporaryDirectory(prefix="funasr-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(own.cleanup)
    os.environ |= {f"FUNASR_{name.upper()}_DIR": f"{own.name}/{name}" for name in ("data", "models")}
    os.environ["FUNASR_LOG_DIR"] = f"{own.name}/logs"
    exempt = [os.environ.get(name, "") for name in ("NO_PROXY", "no_proxy")]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(filter(None, (*exempt, "localhost", "127.0.0.1", "::1")))

    fork_what_is_started()
    if hasattr(config, "workerinput"):
        use_shared()
    elif config.getoption("numprocesses", None):
        start_for_workers()


@pytest.fixture(name="fresh_interpreters")
def _fresh_interpreters() -> Iterator[None]:
    """Let the program spawn processes as it does outside: for tests of just that."""
    fork_what_is_started(yes=False)
    yield
    fork_what_is_started()


def pytest_report_header() -> str:
    packages = ("torch", "torchaudio", "numpy", "av", "sqlalchemy", "fastapi")
    return ", ".join(f"{package} {version(package)}" for package in packages)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests: `-m "smoke or not slow"` leaves one way through each layer. Then let them begin first."""
    paths = list(dict.fromkeys(item.path for item in items))  # of thousands of tests only hundreds
    slow = {path for path in paths if any(path.is_relative_to(TESTS / name) for name in SLOW)}
    for item in items:
        if item.path in slow:
            item.add_marker("slow")
    # Quick files come last, so that all workers end at about the same time.
    turns = turns_of(paths)
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, turns[item.path]))


def turns_of(paths: Iterable[Path]) -> dict[Path, float]:
    """Return when each file has its turn, from 0 to 1: all folders end together.

    Those of the browser compute, those of the services wait: one after the other they would leave processors idle.
    """
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    return {path: place / len(files) for files in folders.values() for place, path in enumerate(files)}


@pytest.fixture(scope="session", name="empty")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file of the newest schema: migrating one for each test would take most of its time."""
    from app.store.sqlite.database import SqliteDatabase

    database = SqliteDatabase(tmp_path_factory.mktemp("empty"))
    database.migrate()
    database.close()
    return database.file


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip before any fixture asks a database."""
    if _is_on_postgresql() and (marker := item.get_closest_marker("sqlite")):
        pytest.skip(": ".join(["is about SQLite alone", *marker.args]))


@pytest.fixture(autouse=True, scope="module", name="module_database")
def _module_database() -> Iterator[None]:
    """On PostgreSQL a database for the servers that the tests of a module share."""
    with database_in_environment():
        yield


@pytest.fixture(autouse=True, name="own_database")
def _own_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """On PostgreSQL a database for each test, which the program and its child processes find in the environment."""
    with nullcontext() if _shares_a_server(request) else database_in_environment():
        yield


@contextmanager
def database_in_environment() -> Iterator[None]:
    from tests.databases import close_databases

    with _postgresql_in_environment() if _is_on_postgresql() else nullcontext():
        try:
            yield
        finally:
            close_databases()


@contextmanager
def _postgresql_in_environment() -> Iterator[None]:
    from tests.databases import TEMPLATE, VARIABLE, missing, postgres_server

    if reason := missing():
        pytest.skip(reason)
    with postgres_server().database(TEMPLATE) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, url)
        yield


def _is_on_postgresql() -> bool:
    return os.environ.get(DATABASE) == "postgresql"


def _shares_a_server(request: pytest.FixtureRequest) -> bool:
    """Return whether the test asks a server that its module has started."""
    manager = request.session._fixturemanager
    names = SHARED_SERVERS.intersection(request.fixturenames)
    found = [each for name in names for each in manager.getfixturedefs(name, request.node) or ()]
    return any(each.scope != "function" for each in found)


@pytest.fixture(scope="module", name="pool")
def _pool() -> Iterator[PreparationPool]:
    """The processes that read files: one that was started for a test before serves the next as well."""
    from app.engine.preparation.pool import PreparationPool

    with PreparationPool() as pool:
        yield pool


def data_folder(folder: Path, empty: Path) -> Path:
    """Make `folder` with the database `empty` in it, as a server that has run once leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty, folder)
    return folder


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recordings and golden data that is not part of the repository."""
    folder = Path(os.environ.get("FUNASR_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs recordings and golden data in {folder}")
    return folder
