"""The settings page: a change persists, shows its consequence, and is undone if the model does not load with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, serving, watching
from tests.browser.contexts import Contexts
from tests.browser.test_appearance import WIDER_THAN_WINDOW
from tests.conftest import data_folder
from tests.waiting import wait_until

Open = Callable[..., Page]


@pytest.fixture(name="own_server", scope="module")
def _own_server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """A server whose settings are no other test's; FUNASR_MIN_SILENCE_MS is given to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNASR_MIN_SILENCE_MS", "500")
        with serving(data_folder(tmp_path_factory.mktemp("settings"), empty)) as server:
            yield server


@pytest.fixture(name="open_settings")
def _open_settings(contexts: Contexts, own_server: Server) -> Iterator[Open]:
    """Return a function that opens the page in a context of its own, with nothing changed so far."""
    for name in ("settings.json", "settings-refused.json"):
        (own_server.data_dir / name).unlink(missing_ok=True)
    with watching(contexts, own_server.address) as open_watched:

        def open_settings(**options: Any) -> Page:
            page = open_watched(**options)
            wait_until_loaded(page)
            page.goto("/settings")
            return page

        yield open_settings


@pytest.fixture(name="settings_page")
def _settings_page(open_settings: Open) -> Page:
    return open_settings()


def wait_until_loaded(page: Page) -> None:
    def is_loaded() -> bool:
        told = page.request.get("/api/v1/settings").json()
        return not told["is_reloading"] and told["model"]["state"] == "ready"

    wait_until(is_loaded, lambda: "the model did not load")


def row(page: Page, name: str) -> Locator:
    return page.locator(f'[data-setting="{name}"]')


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


def summary(page: Page) -> Locator:
    return page.locator('[data-field="summary"]')


def test_a_change_is_saved_and_holds_after_a_restart_of_the_server(
    open_settings: Open, settings_page: Page, own_server: Server
) -> None:
    expect(settings_page.get_by_role("button", name="Save")).to_be_disabled()
    settings_page.get_by_label("Shortest speech").first.fill("350")
    expect(summary(settings_page)).to_have_text("Changes: 1")
    save(settings_page)
    expect(summary(settings_page)).to_have_text("Saved")
    expect(row(settings_page, "min_speech_ms")).to_contain_text("Changed on this page.")

    settings_page.goto("about:blank")  # it would say that the connection is lost
    own_server.stop()
    own_server.start()

    expect(open_settings().get_by_label("Shortest speech").first).to_have_value("350")


def test_a_change_that_reloads_the_model_says_so_and_tells_the_result(
    settings_page: Page,
) -> None:
    settings_page.locator('[name="threads"]').fill("1")
    expect(summary(settings_page)).to_contain_text("The model will be loaded again")
    save(settings_page)

    expect(settings_page.get_by_role("progressbar", name="Loading the model")).to_be_visible()
    expect(summary(settings_page)).to_have_text(re.compile(r"Loaded in \d+\.\d s with: Processor \(CPU\), float32"))
    expect(settings_page.get_by_role("progressbar", name="Loading the model")).to_be_hidden()


def test_a_change_that_does_not_load_is_taken_back_with_the_reason(settings_page: Page) -> None:
    settings_page.get_by_label("Device", exact=True).select_option("cuda")
    save(settings_page)

    expect(summary(settings_page)).to_contain_text("Reverted: The device 'cuda' cannot be used")
    expect(settings_page.get_by_text("device_unavailable")).to_be_visible()
    expect(settings_page.get_by_label("Device", exact=True)).to_have_value("auto")
    settings_page.reload()
    expect(settings_page.get_by_text("A change was reverted")).to_be_visible()  # also for who comes later
    settings_page.locator('[name="threads"]').fill("2")
    save(settings_page)
    expect(settings_page.get_by_text("A change was reverted")).to_be_hidden()


def test_each_device_is_listed_with_the_reason_why_it_cannot_be_used(settings_page: Page) -> None:
    devices = settings_page.locator("[data-devices]")

    expect(devices.locator('[data-device="cpu"]')).to_contain_text(re.compile(r"In use|Usable"))
    for name in ("cuda", "mps"):
        expect(devices.locator(f'[data-device="{name}"]')).to_contain_text(re.compile(r"Usable|Not usable.+\w{3}"))
    expect(settings_page.locator('[name="device"] option[value="mps"]')).to_have_text(
        re.compile(r"^Apple card \(MPS\)( – not usable)?$")
    )


def test_a_value_out_of_its_bounds_is_not_sent_and_the_field_has_the_focus(settings_page: Page) -> None:
    field = settings_page.get_by_label("Longest segment").first
    field.fill("999")
    save(settings_page)

    expect(row(settings_page, "max_segment_ms").get_by_role("alert")).not_to_be_empty()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("2000")
    expect(row(settings_page, "max_segment_ms").get_by_role("alert")).to_be_hidden()


def test_what_is_not_saved_survives_a_reload_and_can_be_discarded(settings_page: Page) -> None:
    settings_page.get_by_label("Padding").first.fill("120")
    settings_page.reload()
    expect(settings_page.get_by_label("Padding").first).to_have_value("120")
    expect(summary(settings_page)).to_have_text("Changes: 1")

    settings_page.get_by_role("button", name="Discard").click()

    expect(settings_page.get_by_label("Padding").first).to_have_value("300")
    settings_page.reload()
    expect(settings_page.get_by_label("Padding").first).to_have_value("300")


def test_the_default_is_one_press_away(settings_page: Page, own_server: Server) -> None:
    settings_page.get_by_label("Padding").first.fill("120")
    save(settings_page)
    expect(summary(settings_page)).to_have_text("Saved")

    settings_page.get_by_role("button", name="Back to the default: Padding").click()
    save(settings_page)

    expect(summary(settings_page)).to_have_text("Saved")
    assert json.loads((own_server.data_dir / "settings.json").read_text()) == {}


def test_what_the_environment_or_an_option_gives_is_locked_with_the_reason(settings_page: Page) -> None:
    silence, upload = row(settings_page, "min_silence_ms"), row(settings_page, "max_upload_mb")

    expect(silence.locator("input")).to_be_disabled()
    expect(silence.locator("input")).to_have_value("500")
    expect(silence).to_contain_text("Given by the environment variable; change it there.")
    expect(upload.locator("input")).to_be_disabled()
    expect(upload).to_contain_text("Given by an option of the command line")


def test_two_windows_that_change_different_settings_lose_neither(open_settings: Open) -> None:
    first, second = open_settings(), open_settings()
    first.get_by_label("Padding").first.fill("120")
    second.get_by_label("Shortest speech").first.fill("350")

    save(first)
    expect(summary(first)).to_have_text("Saved")
    save(second)
    expect(summary(second)).to_have_text("Saved")

    expect(second.get_by_label("Padding").first).to_have_value("120")
    first.reload()
    expect(first.get_by_label("Shortest speech").first).to_have_value("350")


def test_a_damaged_file_is_told_and_the_page_works(own_server: Server, open_settings: Open) -> None:
    (own_server.data_dir / "settings.json").write_text('{"vad_mode": 3, "thre')
    page = open_settings()

    expect(page.get_by_text("settings.json is damaged")).to_be_visible()
    page.get_by_label("Padding").first.fill("120")
    save(page)
    expect(summary(page)).to_have_text("Saved")
    page.reload()
    expect(page.get_by_text("is damaged")).to_be_hidden()


def test_the_memory_is_given_back_and_taken_again(settings_page: Page) -> None:
    state = settings_page.locator('section[data-model] [data-field="state"]')
    expect(state).to_have_text("Ready")

    settings_page.get_by_role("button", name="Clear the cache of the card").click()
    expect(settings_page.get_by_text("there is no cache of a card")).to_be_visible()
    settings_page.get_by_role("button", name="Unload and free memory").click()
    expect(state).to_have_text("Model not loaded")
    settings_page.get_by_role("button", name="Load now").click()

    expect(state).to_have_text("Ready")


def test_storage_and_versions_are_told(settings_page: Page) -> None:
    storage = settings_page.locator("[data-storage]")

    expect(storage.locator('[data-field="free_bytes"]')).to_have_text(re.compile(r"\d (MB|GB|TB)"))
    expect(storage.locator('[data-field="database_bytes"]')).to_have_text(re.compile(r"\d [KM]B"))
    expect(settings_page.get_by_role("region", name="Versions")).to_contain_text("PyTorch")


def test_language_and_colours_change_at_once(settings_page: Page) -> None:
    section = settings_page.get_by_role("region", name="Language and colours")
    section.get_by_role("button", name="Dark").click()
    expect(settings_page.locator("html")).to_have_attribute("data-theme", "dark")

    section.get_by_role("button", name="中文").click()

    expect(settings_page.get_by_role("heading", level=1)).to_have_text("设置")
    expect(settings_page.get_by_role("button", name="深色", exact=True).last).to_have_attribute("aria-pressed", "true")


def test_a_setting_is_changed_by_keyboard_alone(settings_page: Page) -> None:
    settings_page.get_by_role("link", name="Log", exact=True).focus()
    settings_page.keyboard.press("Enter")
    settings_page.keyboard.press("Tab")
    expect(settings_page.locator('[name="log_level"]')).to_be_focused()
    settings_page.keyboard.press("ArrowUp")  # from INFO to DEBUG
    settings_page.keyboard.press("Enter")
    settings_page.keyboard.press("Escape")
    save_button = settings_page.get_by_role("button", name="Save")
    save_button.focus()
    settings_page.keyboard.press("Enter")

    expect(summary(settings_page)).to_have_text("Saved")
    expect(settings_page.locator('[name="log_level"]')).to_have_value("DEBUG")


@pytest.mark.parametrize(("scheme", "language"), [("light", "zh-CN"), ("dark", "en-GB")])
def test_the_page_fits_a_phone_in_its_worst_state(
    open_settings: Open, own_server: Server, scheme: str, language: str
) -> None:
    Path(own_server.data_dir, "settings.json").write_text("{" + "x" * 200)
    page = open_settings(color_scheme=scheme, locale=language, viewport={"width": 360, "height": 740})
    expect(page.locator('[data-device="cpu"]')).to_be_visible()

    page.locator("details[data-at-start] > summary").click()

    assert not page.evaluate(WIDER_THAN_WINDOW)
    check_accessible(page)
