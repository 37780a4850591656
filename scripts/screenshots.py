"""Makes the images of README and user guide: starts a server with an empty data folder, fills it, visits every page.

    .venv/bin/python scripts/screenshots.py     # needs chromium and espeak-ng

The recordings are spoken by espeak-ng, so the images hold no person's voice or text. The small built-in model reads them:
the large one, which is in use on the pages, does not understand espeak-ng's Mandarin.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGES = REPOSITORY / "docs" / "images"
VIEW = ViewportSize(width=1280, height=800)
API = "/api/v1/transcriptions"
COMPARISONS = "/api/v1/comparisons"
READY_SECONDS = 600
WITHOUT_PATHS = """([here, instead]) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(here, instead);
}"""
"""Puts the name of a folder that any machine may have in place of this checkout's."""
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
    with tempfile.TemporaryDirectory(prefix="funasr-webui-") as folder, _serving(Path(folder)) as address:
        sounds = [_spoken(Path(folder), name) for name in RECORDINGS]
        transcriptions = [_transcribed(address, sound) for sound in sounds]
        _use_the_large_model(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
                args=[*BROWSER_FLAGS],
            )
            _visit_all(browser, address, transcriptions[0], sounds[0])
            comparison = _compared(address, transcriptions[-1])  # whose readings would fill the other pages
            _shoot(_open(browser, address, "en-US"), f"/compare/{comparison}", "compare")
            browser.close()


def _visit_all(browser: Browser, address: str, transcription: str, sound: Path) -> None:
    for language, ending in (("en-US", ""), ("zh-CN", ".zh")):
        page = _open(browser, address, language)
        _shoot(page, "/", f"recognition{ending}")
    page = _open(browser, address, "en-US")
    _shoot(page, f"/transcriptions/{transcription}", "transcription")
    for name in ("live", "batch", "history", "models", "settings", "doctor"):
        _shoot(page, f"/{name}", name)
    page.goto("/vad")
    page.locator("input[type=file]").first.set_input_files(sound)
    page.locator("[data-speech-list] > li").first.wait_for()
    _save(page, "vad")


def _open(browser: Browser, address: str, language: str) -> Page:
    page = browser.new_context(base_url=address, locale=language, viewport=VIEW, color_scheme="light").new_page()
    page.set_default_timeout(READY_SECONDS * 1000)
    return page


def _shoot(page: Page, path: str, name: str) -> None:
    page.goto(path)
    _save(page, name)


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(2000)  # waveforms and the first answers are drawn after the page has loaded
    page.evaluate(WITHOUT_PATHS, [str(REPOSITORY), "/opt/funasr-webui"])
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


def _spoken(folder: Path, name: str) -> Path:
    voice, sentences = RECORDINGS[name]
    subprocess.run(["espeak-ng", "-v", voice, "-g", "1", "-w", folder / name, "\n\n".join(sentences)], check=True)
    return folder / name


def _transcribed(address: str, sound: Path) -> str:
    with httpx2.Client(base_url=address, timeout=60) as client:
        id = client.post(API, files={"file": (sound.name, sound.read_bytes())}).raise_for_status().json()["id"]
        _wait(lambda: client.get(f"{API}/{id}").json()["state"] == "succeeded", sound.name)
    return str(id)


def _compared(address: str, transcription: str) -> str:
    """Have both built-in models read the English recording; what was said is known."""
    _, sentences = RECORDINGS["Project review.wav"]
    form = {
        "transcription": transcription,
        "reference": " ".join(sentences),
        "variants": json.dumps([{"model": "builtin-large"}, {"model": "builtin"}]),
    }
    with httpx2.Client(base_url=address, timeout=60) as client:
        files = {name: (None, value) for name, value in form.items()}
        id = client.post(COMPARISONS, files=files).raise_for_status().json()["id"]
        _wait(lambda: client.get(f"{COMPARISONS}/{id}").json()["has_ended"], "the comparison")
    return str(id)


def _use_the_large_model(address: str) -> None:
    """Leave the server as a new one is."""
    with httpx2.Client(base_url=address, timeout=60) as client:
        client.post("/api/v1/models/builtin-large/use").raise_for_status()
        _wait(lambda: _model(client) == ("builtin-large", "ready"), "the large model")


def _model(client: httpx2.Client) -> tuple[str, str]:
    model = client.get("/api/v1/system").json()["model"]
    return model["name"], model["state"]


def _wait(condition: Callable[[], bool], name: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} has not ended")
        time.sleep(0.2)


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    command += ["--log-dir", str(folder / "logs")]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"FUNASR_DEFAULT_MODEL": "builtin"},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout
            yield next(line.split()[2] for line in server.stdout if "http://" in line)
        finally:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
