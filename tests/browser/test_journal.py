"""Actions on the pages become steps of a support case; typed or recognised text never leaves the page."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, wait_for

ENGLISH = {"accept-language": "en"}


def test_what_was_done_becomes_steps_and_what_was_typed_does_not(
    open_page: Callable[..., Page], recording: Path, server: Server
) -> None:
    page = open_page()
    page.locator('[name="hotwords"]').fill("secretword")
    page.locator('[name="hotwords"]').blur()
    page.locator('input[type="file"]').first.set_input_files(recording)
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator('[data-job][data-state="succeeded"]').first).to_be_visible()
    page.evaluate("dispatchEvent(new ErrorEvent('error', { message: 'a planted complaint' }))")
    browser = page.evaluate("JSON.parse(sessionStorage.getItem('funasr.journal')).id")
    wait_for(page, "JSON.parse(sessionStorage.getItem('funasr.journal')).pending.length === 0")

    answer = page.request.get(f"/api/v1/journal/{browser}", headers=ENGLISH).json()
    steps = answer["steps"]
    job = page.locator("[data-job]").first.get_attribute("data-job")
    case = page.request.get(f"/api/v1/transcriptions/{job}/case?audio=hash").body()
    page.context.close()

    assert steps[0] == "Open the page /."
    assert any(step.startswith("Choose files: 1 × .wav") for step in steps)
    assert any("(10 characters)" in step for step in steps)
    assert any("a planted complaint" in step for step in steps)
    kept = (server.data_dir / "journal" / f"{browser}.jsonl").read_text(encoding="utf-8")
    assert "secretword" not in kept
    assert recording.name not in kept
    with zipfile.ZipFile(io.BytesIO(case)) as archive:
        told = archive.read("repro.en.md").decode()
        assert json.loads(archive.read("browser.json"))["is_secure"]
    assert "Choose files" in told


def test_a_journal_that_cannot_be_sent_is_sent_later(unwatched: Page) -> None:
    page = unwatched
    page.goto("/history")
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.evaluate("document.querySelector('nav a').focus()")
        page.keyboard.press("Escape")
    page.context.set_offline(False)
    page.goto("/models")

    wait_for(page, "JSON.parse(sessionStorage.getItem('funasr.journal')).pending.length === 0")
    id = page.evaluate("JSON.parse(sessionStorage.getItem('funasr.journal')).id")
    steps = page.request.get(f"/api/v1/journal/{id}", headers=ENGLISH).json()["steps"]
    assert "Press the keys Esc." in steps
    assert "Open the page /models." in steps
