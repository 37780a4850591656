"""What one process does for all that share a database: another does it as soon as that one has ended, in whatever way."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from app.store.database import open_database
from tests.conftest import REPOSITORY
from tests.databases import postgres_server
from tests.store.conftest import SavedTranscriptions, postgres_url
from tests.waiting import wait_until

HOLD = """
import sys, time
from pathlib import Path
from app.store.database import open_database
with open_database(Path(sys.argv[1]), sys.argv[2]).alone_with("tidy") as is_alone:
    print(is_alone, flush=True)
    time.sleep(600)
"""


def test_one_does_a_task_at_a_time(saved: SavedTranscriptions) -> None:
    with saved.database.alone_with("tidy") as first:
        with saved.database.alone_with("tidy") as second, saved.database.alone_with("sort") as other:
            assert (first, second, other) == (True, False, True)
        with saved.database.alone_with("tidy") as second:
            assert not second

    with saved.database.alone_with("tidy") as later:
        assert later


def test_a_task_whose_process_was_killed_is_free(tmp_path: Path) -> None:
    with postgres_url() as url, closing(open_database(tmp_path / "here", url)) as database:
        command = [sys.executable, "-c", HOLD, str(tmp_path / "there"), url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as other:
            assert other.stdout
            assert other.stdout.readline() == "True\n"
            with database.alone_with("tidy") as is_alone:
                assert not is_alone
            other.kill()

        def is_free() -> bool:
            with database.alone_with("tidy") as is_alone:
                return is_alone

        wait_until(is_free)


def test_a_task_of_hours_keeps_the_server_from_no_cleaning(tmp_path: Path) -> None:
    with postgres_url() as url, closing(open_database(tmp_path, url)) as database, database.alone_with("tidy"):
        query = f"""
            SELECT count(*), count(xact_start), count(backend_xmin) FROM pg_stat_activity
            WHERE datname = '{url.split("/")[3].split("?", maxsplit=1)[0]}'
        """  # noqa: S608 - a name of ours
        assert postgres_server().execute(query) == [(1, 0, 0)]
