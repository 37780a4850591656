"""Comparing models on a recording: start, follow, mark differences, count errors, make the winner the default."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, serving, transcribe, watching
from tests.browser.contexts import Contexts, new_context
from tests.browser.test_appearance import WIDER_THAN_WINDOW
from tests.conftest import data_folder
from tests.engine.tiny_model import build_tiny_model
from tests.waiting import wait_until

API = "/api/v1/comparisons"
Open = Callable[..., Page]


@pytest.fixture(scope="module", name="compare_server")
def _compare_server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """A server with the built-in model and two others, one of which does not load."""
    folder = tmp_path_factory.mktemp("compare")
    for name in ("quick", "broken"):
        build_tiny_model(folder / "models" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNASR_MODELS_DIR", str(folder / "models"))
        with serving(data_folder(folder / "data", empty)) as server:
            yield server


@pytest.fixture(name="open_compare")
def _open_compare(contexts: Contexts, compare_server: Server) -> Iterator[Open]:
    with watching(contexts, compare_server.address) as open_watched:

        def open_compare(path: str = "/compare", **options: Any) -> Page:
            page = open_watched(**options)
            page.goto(path)
            return page

        yield open_compare


@pytest.fixture(scope="module", name="compared")
def _compared(browser: Browser, compare_server: Server, recording: Path) -> str:
    """The id of a comparison that has ended, with a reference and one reading that failed."""
    context = new_context(browser, compare_server.address)
    file = {"name": recording.name, "mimeType": "audio/wav", "buffer": recording.read_bytes()}
    variants = json.dumps([{"model": "builtin"}, {"model": "broken"}])
    parts = {"file": file, "variants": variants, "reference": "昨天是2026年11月22日。"}
    answer = context.request.post(API, multipart=parts)
    assert answer.status == 201, answer.text()
    id = str(answer.json()["id"])
    wait_until(lambda: context.request.get(f"{API}/{id}").json()["has_ended"])
    context.close()
    return id


def wait_for_end(page: Page) -> None:
    """Wait as long as the busiest machine needs to load the models one after the other."""
    address = f"{API}/{page.url.rsplit('/', 1)[1]}"
    wait_until(lambda: page.request.get(address).json()["has_ended"])


def cards(page: Page) -> Locator:
    return page.locator("[data-comparison-cards] > li")


def begin(page: Page, recording: Path, reference: str = "") -> None:
    for select, model in zip(
        page.locator('[data-variants] [name="model"]').all(), ("builtin", "quick", "broken"), strict=False
    ):
        select.select_option(model)
    page.locator("[data-file-input]").set_input_files(recording)
    page.locator('[name="reference"]').fill(reference)
    page.locator("[data-start]").click()
    page.wait_for_url(re.compile("/compare/[0-9a-f]+$"))


def test_models_are_compared_and_the_winner_becomes_the_default(open_compare: Open, recording: Path) -> None:
    page = open_compare("/models")
    page.get_by_role("link", name="Compare models on your own recording").click()
    page.wait_for_url("**/compare*")  # loaded, with its scripts

    begin(page, recording, "今天是2026年11月22日。订单增长了百分之十九点五。See you on Monday at 9:30.")

    wait_for_end(page)
    expect(cards(page).filter(has_text="Done")).to_have_count(2)
    broken = cards(page).filter(has_text="broken")
    expect(broken).to_contain_text("broken does not load on purpose")
    page.reload()
    best = page.locator("[data-comparison-cards] > li[data-best]")
    expect(best).to_contain_text("Fewest errors")
    expect(best.locator('[data-field="errors"]')).to_have_text(re.compile(r"^\d+\.\d%$"))
    expect(best.locator('[data-field="speed"]')).to_have_text(re.compile("real time"))
    expect(best.locator('[data-field="memory"]')).to_have_text(re.compile("MB"))
    expect(page.locator("[data-table] ins").first).to_be_visible()

    winner = cards(page).filter(has_text="quick")
    winner.get_by_role("button", name="Use quick").click()
    expect(winner.get_by_text("In use")).to_be_visible()
    expect(winner.get_by_role("button", name="Use quick")).to_be_hidden()

    page.get_by_role("button", name="Delete this comparison").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile("/compare$"))
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_settings_are_compared_on_a_transcript_by_keyboard_and_told_later(open_compare: Open, recording: Path) -> None:
    page = open_compare("/")
    id = transcribe(page, recording)
    page.goto(f"/transcriptions/{id}")
    page.get_by_role("link", name="Compare models …").press("Enter")
    page.wait_for_url(re.compile("/compare[?]"))  # whole: `all` below does not wait

    for select in page.locator('[data-variants] [name="model"]').all():
        select.select_option("builtin")
    page.get_by_role("button", name="Leave this one out").first.press("Enter")
    page.get_by_label("Quality").nth(1).select_option("fast")
    page.get_by_role("button", name="Compare", exact=True).press("Enter")
    page.wait_for_url(re.compile("/compare/[0-9a-f]+$"))
    wait_for_end(page)
    expect(cards(page).filter(has_text="Done")).to_have_count(2)
    expect(page.get_by_text("Marked is what differs from Built-in small model")).to_be_visible()

    told = page.get_by_role("textbox", name="What is said in it")
    if not told.is_visible():
        page.locator("[data-reference] summary").press("Enter")
    told.fill("今天是2026年11月22日。")
    page.get_by_role("button", name="Count the errors").press("Enter")

    expect(page.locator("[data-table] thead")).to_contain_text("Said")
    expect(cards(page).first.get_by_text("Errors (CER)")).to_be_visible()


def test_a_comparison_can_be_cancelled(open_compare: Open, long_recording: Path) -> None:
    page = open_compare()
    begin(page, long_recording)

    page.get_by_role("button", name="Cancel all").click()

    expect(cards(page).filter(has_text="Cancelled")).to_have_count(3)
    expect(page.get_by_role("button", name="Cancel all")).to_be_hidden()


def test_nothing_is_sent_without_a_recording_or_with_two_alike(open_compare: Open, recording: Path) -> None:
    page = open_compare()
    page.locator("[data-start]").click()
    expect(page.get_by_text("There is no recording yet.")).to_be_visible()

    page.locator("[data-file-input]").set_input_files(recording)
    for select in page.locator('[data-variants] [name="model"]').all():
        select.select_option("quick")
    page.locator("[data-start]").click()

    expect(page.get_by_text("two of them are the same")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "locale", "width"), [("light", "zh-CN", 360), ("dark", "en-GB", 360), ("dark", "zh-CN", 1280)]
)
def test_both_pages_fit_and_break_no_rule(
    open_compare: Open, compared: str, scheme: str, locale: str, width: int
) -> None:
    options = {"color_scheme": scheme, "locale": locale, "viewport": {"width": width, "height": 800}}
    page = open_compare(**options)
    assert not page.evaluate(WIDER_THAN_WINDOW)
    check_accessible(page)

    page.goto(f"/compare/{compared}")
    expect(page.locator("[data-table] ins").first).to_be_visible()

    assert not page.evaluate(WIDER_THAN_WINDOW)
    check_accessible(page)
