"""Server problems are shown at the top of every page; the banner can be closed until something changes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, serving
from tests.browser.contexts import new_context
from tests.conftest import data_folder

LEAST_SPACE = 8  # pixels between the banner and what is above and below it

Lack = Callable[[str], None]


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the notes of an installation."""
    return tmp_path_factory.mktemp("installed")


@pytest.fixture(name="ill", scope="module")
def _ill(tmp_path_factory: pytest.TempPathFactory, folder: Path, empty: Path) -> Iterator[Server]:
    """A server that lacks what the notes in `folder` ask for."""
    write_needs(folder, "")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(folder))
        with serving(data_folder(tmp_path_factory.mktemp("ill"), empty), is_fresh=True) as server:
            yield server


def write_needs(folder: Path, package: str) -> None:
    """Install the program anew: notes are never changed in their place."""
    needs = f"Requires-Dist: {package}\n" if package else ""
    notes = folder / "funasr_webui-9.0.dist-info"
    shutil.rmtree(notes, ignore_errors=True)
    notes.mkdir()
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: funasr-webui\nVersion: 9.0\n{needs}")


def look_again(page: Page, folder: Path, package: str) -> None:
    """Let the server need another package, see that it lacks it, and tell it on the page."""
    write_needs(folder, package)
    assert page.request.get("/api/v1/doctor/checks?quick=true").ok
    page.reload()


def open_ill(browser: Browser, ill: Server, folder: Path, **options: object) -> Page:
    page = new_context(browser, ill.address, **options).new_page()
    page.goto("/history")
    look_again(page, folder, "no-such-package")
    return page


def banner(page: Page) -> Locator:
    return page.locator('[data-health="packages"]')


@pytest.mark.parametrize("width", [360, 1280])
def test_the_banner_stands_above_the_page_with_space(browser: Browser, ill: Server, folder: Path, width: int) -> None:
    page = open_ill(browser, ill, folder, viewport={"width": width, "height": 800})

    expect(banner(page)).to_contain_text("no-such-package")
    header, box, main, heading = (
        place.bounding_box()
        for place in (page.locator(".site-header"), banner(page), page.locator("main"), page.locator("h1"))
    )
    assert header
    assert box
    assert main
    assert heading
    assert header["y"] + header["height"] <= box["y"]
    assert box["y"] + box["height"] + LEAST_SPACE <= main["y"]
    assert box["y"] + box["height"] + 2 * LEAST_SPACE <= heading["y"]
    assert box["x"] >= LEAST_SPACE
    assert box["x"] + box["width"] <= width - LEAST_SPACE
    check_accessible(page)
    page.context.close()


def test_a_closed_banner_stays_closed_until_the_fact_changes(browser: Browser, ill: Server, folder: Path) -> None:
    page = open_ill(browser, ill, folder)
    other = open_ill(browser, ill, folder, locale="zh-CN")

    page.get_by_role("button", name=re.compile("^Close: .*no-such-package")).focus()
    page.keyboard.press("Enter")
    expect(banner(page)).to_be_hidden()
    expect(page.locator("main")).to_be_focused()
    page.goto("/vad")
    expect(banner(page)).to_be_hidden()
    page.context.add_cookies([{"name": "language", "value": "zh", "url": ill.address}])
    page.reload()
    expect(banner(page)).to_be_hidden()  # the fact is the same in another language
    expect(banner(page)).to_have_count(1)
    other.reload()
    expect(other.get_by_role("button", name=re.compile("^关闭："))).to_be_visible()

    look_again(page, folder, "another-absent-package")
    expect(banner(page)).to_contain_text("another-absent-package")
    page.locator('[data-action="close-banner"]').click()
    expect(banner(page)).to_be_hidden()

    look_again(page, folder, "")
    expect(banner(page)).to_have_count(0)
    look_again(page, folder, "another-absent-package")
    expect(banner(page)).to_be_visible()  # all was well in between
    page.context.close()
    other.context.close()
