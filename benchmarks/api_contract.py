"""Sends many more requests than the tests do, by the description of the API, and lists each answer that it does not tell.

python -m benchmarks.api_contract [--examples 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from app.main import create_app
from app.settings import Settings
from tests.web.contract import existing, findings


def main() -> int:
    options = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", log_dir=Path(folder) / "logs", max_upload_mb=1)
        with TestClient(
            create_app(settings, start_worker=False), base_url="http://127.0.0.1", raise_server_exceptions=False
        ) as client:
            found = 0
            for each in findings(client, existing(client), examples=options.examples, start=options.seed):
                print(each, flush=True)
                found += 1
    print(f"{found} answers that the description does not tell")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare the API with its description.")
    parser.add_argument("--examples", type=int, default=200, help="requests of each kind for every operation (200)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds send other requests (1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
