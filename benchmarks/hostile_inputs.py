"""Sends broken JSON, hostile names and changed cases to the application, and lists what ended in a traceback.

python -m benchmarks.hostile_inputs [--count 2000] [--seed 1]

The tests send a few of the same. Exit code 1 if anything was neither refused with a reason nor taken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.hostile_inputs import case_of_a_recording, wrong_answers_to_json, wrong_cases, wrong_names
from tests.web.contract import existing


def main() -> int:
    options = _arguments()
    warnings.simplefilter("ignore", UserWarning)  # zipfile's, of names that come twice
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", log_dir=Path(folder) / "logs", max_upload_mb=1)
        spec = EngineSpec(Path(folder), factory="tests.fakes:EchoEngine")
        with TestClient(
            create_app(settings, spec=spec), base_url="http://127.0.0.1", raise_server_exceptions=False
        ) as client:
            found = 0
            for wrong in _all_wrong(client, Path(folder), options.count, options.seed):
                print(wrong, flush=True)
                found += 1
    print(f"{found} of {options.count} bodies, {options.count} cases and {options.count // 20} names ended wrongly")
    return 1 if found else 0


def _all_wrong(client: TestClient, folder: Path, count: int, seed: int) -> Iterator[str]:
    ids = existing(client)
    yield from wrong_answers_to_json(client, ids, count, seed)
    yield from wrong_cases(case_of_a_recording(client), folder, count, seed)
    yield from wrong_names(client, count // 20, seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
