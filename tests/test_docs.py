"""The documentation agrees with the program."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest

from app.cli.main import build_parser
from app.formats import FORMATS
from app.settings import Settings
from tests.conftest import REPOSITORY
from tests.waiting import PATIENCE_SECONDS
from tests.warm import start_module

DOCS = REPOSITORY / "docs"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
README_ZH = (REPOSITORY / "README.zh.md").read_text(encoding="utf-8")
PAGES = [*REPOSITORY.glob("*.md"), *DOCS.glob("*.md")]
MOST_README_LINES = 110  # read in two minutes


def test_the_generated_parts_are_up_to_date() -> None:
    generator = _generator()

    drifted = [page.name for page in generator.pages() if page.read_text(encoding="utf-8") != generator.rendered(page)]

    assert drifted == [], "run: .venv/bin/python scripts/generate_docs.py"


def test_every_setting_is_documented() -> None:
    settings = (DOCS / "settings.md").read_text(encoding="utf-8")

    assert [name for name in Settings.model_fields if f"| `FUNASR_{name.upper()}` |" not in settings] == []


def test_every_command_is_documented() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    [commands] = [a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]

    assert [name for name in commands.choices if f"\n## {name}\n" not in page] == []


@pytest.mark.parametrize("page", [README, README_ZH, (DOCS / "api.md").read_text(encoding="utf-8")])
def test_every_format_is_documented(page: str) -> None:
    assert [name for name in FORMATS if name not in page.lower().replace("word", "docx")] == []


@pytest.mark.parametrize("readme", [README, README_ZH])
def test_the_readme_is_read_in_two_minutes(readme: str) -> None:
    assert len(readme.splitlines()) <= MOST_README_LINES
    assert "bash scripts/start.sh" in readme
    assert "bash scripts/test.sh" in readme


def test_the_security_checklist_names_what_exists() -> None:
    page = (DOCS / "security-checklist.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|app)/[^`]*)`", page))

    assert len(named) > 20
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
    local = [unquote(link) for link in links if "://" not in link and not link.startswith("mailto:")]

    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_examples_of_the_api_page_work(served_by_worker: str, tmp_path: Path) -> None:
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    shutil.copy(REPOSITORY / "models" / "builtin" / "golden.flac", tmp_path / "meeting.mp3")
    examples = "\n".join(re.findall(r"```bash\n(.*?)```", (DOCS / "api.md").read_text(encoding="utf-8"), re.DOTALL))
    script = "set -euo pipefail\n" + re.sub(r"^URL=.*$", f"URL={served_by_worker}", examples, flags=re.MULTILINE)

    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "succeeded" in ran.stdout
    assert "明天上午9点" in ran.stdout
    assert "00:00:0" in (tmp_path / "meeting.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["openai-api.md", "asr-webservice.md"])
def test_the_examples_of_another_api_work(served_by_worker: str, tmp_path: Path, page: str) -> None:
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    shutil.copy(REPOSITORY / "models" / "builtin" / "golden.flac", tmp_path / "meeting.mp3")
    text = (DOCS / page).read_text(encoding="utf-8")
    shell = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL))
    script = "set -euo pipefail\n" + re.sub(r"^URL=.*$", f"URL={served_by_worker}", shell, flags=re.MULTILINE)
    commands = [["bash", "-c", script]]
    for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        program = re.sub(r"^URL = .*$", f'URL = "{served_by_worker}"', example, flags=re.MULTILINE)
        commands.append([sys.executable, "-c", program])

    for command in commands:
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)

        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "明天上午9点" in ran.stdout
    assert "00:00:0" in (tmp_path / "meeting.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "path", "marked"),
    [("realtime-api.md", "", "completed: "), ("funasr-websocket.md", "/ws/funasr", "2pass-offline ")],
)
def test_the_example_of_a_live_protocol_works(
    served_by_worker: str, tmp_path: Path, page: str, path: str, marked: str
) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg")
    golden = REPOSITORY / "models" / "builtin" / "golden.flac"
    convert = ("ffmpeg", "-loglevel", "error", "-i", golden, "-ar", "24000", "-ac", "1", tmp_path / "meeting.wav")
    subprocess.run(convert, check=True)
    [example] = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    address = served_by_worker.replace("http", "ws") if path else served_by_worker
    script = re.sub(r"^URL = .*$", f'URL = "{address}{path}"', example, flags=re.MULTILINE)

    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert marked in ran.stdout
    assert "明天上午9点" in ran.stdout


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", REPOSITORY / "scripts" / "generate_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="served_by_worker")
def _served_by_worker(tmp_path: Path) -> Iterator[str]:
    """The address of the whole product, with its built-in model."""
    folders = ("--data-dir", tmp_path / "data", "--log-dir", tmp_path / "logs")
    model = ("--device", "cpu", "--model", REPOSITORY / "models" / "builtin")
    with start_module("app", "serve", "--port", "0", *folders, *model) as process:
        try:
            yield next(line.split()[2] for line in process.stdout if "http://" in line)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)
