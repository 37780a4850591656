"""Time the page of a long transcript in a real browser: what a keystroke in its editor costs, and what playing costs.

    python benchmarks/editor.py [--segments 2000] [--keys 60] [--seconds 10]

A data folder of its own gets one transcription of so many segments, eight words each, and a recording of the same
length. A server shows it, and Chromium opens it in a window of 1366 x 768. Keys are typed in the middle of the text; a
keystroke costs what the main thread is busy with (Chromium's TaskDuration) until the next one. Then the recording
plays; the cost is the share of one core that all processes of the browser use, and that of the main thread alone.
The resting page is measured for comparison. Needs playwright and chromium, as the browser tests.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

import numpy as np
import psutil
from playwright.sync_api import CDPSession, Locator, Page, sync_playwright

from app.services.transcriptions.job_queue import Queue
from app.store.files.recordings import Files
from app.store.sqlite.database import SqliteDatabase
from tests.browser.conftest import FLAGS, serving
from tests.engine.sounds import wav_bytes
from tests.recognised import recognised

WORDS = ["a", "long", "day", "has", "a", "hundred", "thousand", "words"]
SECONDS_EACH, PAUSE = 2.0, 0.5
PAUSE_MS = 150  # between two keys


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="editor-") as folder, serving(Path(folder) / "data") as server:
        id = _fill(server.data_dir, options.segments)
        with _page(server.address, f"/transcriptions/{id}", options.segments) as page:
            session = page.context.new_cdp_session(page)
            session.send(
                "Performance.setTimeDomain", {"timeDomain": "threadTicks"}
            )  # of the processor, not of the clock
            session.send("Performance.enable")
            _report_use("resting", page, session, options.seconds)
            _report_keys(page, session, options.keys)
            page.keyboard.press("Enter")
            _middle(page).locator(".segment__time").click()
            page.wait_for_timeout(1500)
            _report_use("playing", page, session, options.seconds)


def _fill(data: Path, count: int) -> str:
    database = SqliteDatabase(data)
    database.migrate()
    samples = round(count * (SECONDS_EACH + PAUSE) * 16_000)
    sound = (np.sin(np.arange(samples) * 0.05) * 8000).astype(np.int16)
    id = recognised(
        Queue(database, Files(data)), [WORDS] * count, wav_bytes(sound), seconds_each=SECONDS_EACH, pause=PAUSE
    )
    database.close()
    return id


@contextmanager
def _page(address: str, path: str, segments: int) -> Iterator[Page]:
    with sync_playwright() as playwright:
        executable = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        page = browser.new_page(base_url=address, viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
        page.goto(path)
        page.locator(".segment").nth(segments - 1).wait_for()
        _middle(page).scroll_into_view_if_needed()
        _middle(page).locator(".word").first.wait_for()
        page.wait_for_timeout(1500)
        yield page
        browser.close()


def _middle(page: Page) -> Locator:
    return page.locator(".segment").nth(page.locator(".segment").count() // 2)


def _report_keys(page: Page, session: CDPSession, count: int) -> None:
    _middle(page).locator(".segment__time").focus()
    page.keyboard.press("e")
    page.keyboard.type("warm", delay=PAUSE_MS)
    resting = _busy_ms(page, session, PAUSE_MS)
    costs = []
    for letter in ("words and more " * count)[:count]:
        before = _task_ms(session)
        page.keyboard.press(letter if letter != " " else "Space")
        page.wait_for_timeout(PAUSE_MS)
        costs.append(_task_ms(session) - before - resting)
    costs.sort()
    print(f"keystroke  median {statistics.median(costs):.1f} ms, worst of twenty {costs[-count // 20]:.1f} ms")


def _report_use(name: str, page: Page, session: CDPSession, seconds: float) -> None:
    processes = [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
    cpu, busy, begin = _cpu(processes), _task_ms(session), time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    passed = time.monotonic() - begin
    share = (_cpu(processes) - cpu) / passed
    thread = (_task_ms(session) - busy) / passed / 1000
    print(f"{name:<10} {share:.1%} of a core in all, {thread:.1%} in the main thread")


def _busy_ms(page: Page, session: CDPSession, milliseconds: float) -> float:
    before = _task_ms(session)
    page.wait_for_timeout(milliseconds)
    return _task_ms(session) - before


def _task_ms(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def _cpu(processes: list[psutil.Process]) -> float:
    times = [each.cpu_times() for each in processes if each.is_running()]
    return sum(each.user + each.system for each in times)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--segments", type=int, default=2000)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
