"""Makes the images of README and user guide: starts a server with an empty data folder, fills it, visits every page.

    .venv/bin/python scripts/screenshots.py     # needs chromium and espeak-ng

The recordings are spoken by espeak-ng, so the images hold no person's voice or text.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGES = REPOSITORY / "docs" / "images"
VIEW = ViewportSize(width=1280, height=800)
API = "/api/v1/transcriptions"
READY_SECONDS = 180
RECORDINGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "周会.wav": (
        "cmn-latn-pinyin+f5",
        ("我们明天上午九点在会议室开会。", "请大家准时参加。", "下周三我去上海出差。", "请把合同发给我。"),
    ),
    "客户来电.wav": ("cmn-latn-pinyin+m7", ("您好，请问有什么可以帮您？", "我想查一下我的订单。")),
    "Project review.wav": (
        "en-us+f5",
        ("Could you please check the contract tomorrow morning?", "The meeting starts at nine thirty."),
    ),
}
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


def main() -> None:
    """Write every image to docs/images."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _serving(Path(folder)) as address:
        sounds = [_spoken(Path(folder), name) for name in RECORDINGS]
        transcriptions = [_transcribed(address, sound) for sound in sounds]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
                args=[*BROWSER_FLAGS],
            )
            _visit_all(browser, address, transcriptions[0], sounds)
            browser.close()


def _visit_all(browser: Browser, address: str, transcription: str, sounds: list[Path]) -> None:
    for language, ending in (("en-US", ""), ("zh-CN", ".zh")):
        page = _open(browser, address, language)
        _shoot(page, "/", f"recognition{ending}")
    page = _open(browser, address, "en-US")
    _shoot(page, f"/transcriptions/{transcription}", "transcription")
    for name in ("live", "batch", "history", "models", "settings", "doctor"):
        _shoot(page, f"/{name}", name)
    page.goto("/vad")
    page.locator("input[type=file]").first.set_input_files(sounds[0])
    page.locator(".stretch").first.wait_for()
    _save(page, "vad")


def _open(browser: Browser, address: str, language: str) -> Page:
    return browser.new_context(
        base_url=address, locale=language, viewport=VIEW, color_scheme="light"
    ).new_page()


def _shoot(page: Page, path: str, name: str) -> None:
    page.goto(path)
    _save(page, name)


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(2000)  # waveforms and the first answers are drawn after the page has loaded
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


def _spoken(folder: Path, name: str) -> Path:
    voice, sentences = RECORDINGS[name]
    subprocess.run(
        ["espeak-ng", "-v", voice, "-g", "1", "-w", folder / name, "\n\n".join(sentences)], check=True
    )
    return folder / name


def _transcribed(address: str, sound: Path) -> str:
    with httpx2.Client(base_url=address, timeout=60) as client:
        id = (
            client.post(API, files={"file": (sound.name, sound.read_bytes())}).raise_for_status().json()["id"]
        )
        deadline = time.monotonic() + READY_SECONDS
        while (state := _state(client, id)) in ("queued", "running"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{sound.name} is still {state}")
            time.sleep(0.2)
    if state != "succeeded":
        raise RuntimeError(f"{sound.name} {state}")
    return str(id)


def _state(client: Any, id: str) -> str:
    return str(client.get(f"{API}/{id}").json()["state"])


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    command += ["--log-dir", str(folder / "logs")]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=os.environ, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            yield next(line.split()[2] for line in server.stdout if "http://" in line)
        finally:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
