"""Models are downloaded, stopped, resumed, verified, used and removed with buttons."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import Server, serving, watching
from tests.browser.contexts import Contexts, new_context
from tests.browser.test_appearance import WIDER_THAN_WINDOW
from tests.conftest import data_folder
from tests.engine.tiny_model import build_tiny_model
from tests.models.conftest import FUNASR_FILES, SENSEVOICE_MS
from tests.models.hub import HubState, LoopbackHub, loopback_hub
from tests.waiting import wait_until

MODELS = "/api/v1/models"
Open = Callable[..., Page]


@pytest.fixture(name="models_hub", scope="module")
def _models_hub() -> Iterator[LoopbackHub]:
    with loopback_hub() as hub:
        yield hub


@pytest.fixture(name="hub")
def _hub(models_hub: LoopbackHub) -> LoopbackHub:
    """A hub that behaves and has not been asked for anything."""
    vars(models_hub).update(vars(HubState()))
    models_hub.offer(SENSEVOICE_MS, dict(FUNASR_FILES))
    return models_hub


@pytest.fixture(name="models_dir", scope="module")
def _models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf") / "models"


@pytest.fixture(name="running", scope="module")
def _running(
    tmp_path_factory: pytest.TempPathFactory, empty: Path, models_dir: Path, models_hub: LoopbackHub
) -> Iterator[Server]:
    """A server that knows no other hub."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in models_hub.environment(folder / "home").items():
            patch.setenv(name, value)
        patch.setenv("FUNASR_MODELS_DIR", str(models_dir))
        with serving(data_folder(folder / "data", empty)) as server:
            yield server


@pytest.fixture(name="models_server")
def _models_server(browser: Browser, running: Server, hub: LoopbackHub, models_dir: Path) -> Iterator[Server]:
    """It, with the built-in model in use and a models folder that is empty."""
    yield running
    hub.go.set()
    context = new_context(browser, running.address)
    clear(context, models_dir)
    context.close()


def clear(context: BrowserContext, models_dir: Path) -> None:
    """Bring the server back to where it has only the built-in models."""

    def models() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = context.request.get(MODELS).json()["models"]
        return listed

    def is_pulling() -> bool:
        return any(model["pull"] and model["pull"]["is_running"] for model in models())

    def of_builtin() -> str:
        return next(str(model["state"]) for model in models() if model["name"] == "builtin")

    for model in models():
        if model["pull"] and model["pull"]["is_running"]:
            context.request.post(f"{MODELS}/{model['name']}/cancel")
    wait_until(lambda: not is_pulling(), lambda: f"are still pulled: {models()}")
    if of_builtin() != "in_use":
        context.request.post(f"{MODELS}/builtin/use")
    wait_until(lambda: of_builtin() == "in_use", lambda: f"is not used again: {models()}")
    for model in models():
        if model["is_linked"]:
            context.request.delete(f"{MODELS}/{model['name']}")
    shutil.rmtree(models_dir, ignore_errors=True)
    wait_until(
        lambda: all(model["is_builtin"] or model["state"] == "available" for model in models()),
        lambda: f"are not forgotten: {models()}",
    )


@pytest.fixture(name="open_models")
def _open_models(contexts: Contexts, models_server: Server) -> Iterator[Open]:
    with watching(contexts, models_server.address) as open_watched:

        def open_models(**options: Any) -> Page:
            page = open_watched(**options)
            page.goto("/models")
            return page

        yield open_models


def card(page: Page, name: str) -> Locator:
    return page.locator(f'li[data-model="{name}"]')


def test_a_model_is_fetched_stopped_resumed_verified_used_and_removed(
    open_models: Open, hub: LoopbackHub, models_dir: Path
) -> None:
    page = open_models()
    model = card(page, "sensevoice-small")
    hub.stall = True

    model.get_by_role("button", name="Download").click()
    expect(model).to_have_attribute("data-state", "pulling")
    expect(model.get_by_text(re.compile(r"\d+% · .*KB / .*KB"))).to_be_visible()
    with page.expect_response(re.compile("/cancel$")):  # before the hub sends the rest
        model.get_by_role("button", name="Stop").click()
    hub.go.set()
    expect(model).to_have_attribute("data-state", "stopped")
    expect(model.get_by_text("are kept")).to_be_visible()
    hub.asked.clear()
    model.get_by_role("button", name="Resume").click()
    expect(model).to_have_attribute("data-state", "ready")
    assert max(asked.begin for asked in hub.asked) > 0

    model.get_by_role("button", name="Verify").click()
    expect(model.get_by_text("Every file matches its checksum.")).to_be_visible()
    model.get_by_role("button", name="Use").click()
    expect(model).to_have_attribute("data-state", "in_use")
    expect(model.get_by_role("button", name="Remove")).to_be_hidden()
    expect(page.locator('section[data-model] [data-field="name"]')).to_have_text("SenseVoiceSmall")

    card(page, "builtin").get_by_role("button", name="Use").click()
    expect(card(page, "builtin")).to_have_attribute("data-state", "in_use")
    model.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    assert (models_dir / "sensevoice-small/model.pt").is_file()
    model.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()

    expect(model).to_have_attribute("data-state", "available")
    assert list(models_dir.iterdir()) == []


def test_opening_the_page_asks_no_hub(open_models: Open, hub: LoopbackHub) -> None:
    page = open_models()

    expect(page.get_by_role("heading", name="Can be downloaded")).to_be_visible()
    assert page.request.get("/api/v1/models").ok
    page.reload()
    expect(page.get_by_role("heading", name="Can be downloaded")).to_be_visible()

    assert hub.asked == []


def test_a_download_that_fails_says_what_happened_and_what_to_do(open_models: Open, hub: LoopbackHub) -> None:
    hub.status = {"/repo": 403}
    page = open_models()
    model = card(page, "sensevoice-small")

    model.get_by_role("button", name="Download").click()

    expect(model.get_by_role("alert").filter(has_text="hub_refused")).to_contain_text("403")
    expect(model).to_have_attribute("data-state", "stopped")


def test_a_download_that_is_cut_is_told_and_resumed_where_it_broke(
    open_models: Open, hub: LoopbackHub, models_dir: Path
) -> None:
    hub.cuts = [100_000, *[0] * 8]  # more than it tries, which takes half a minute
    page = open_models()
    model = card(page, "sensevoice-small")

    model.get_by_role("button", name="Download").click()

    expect(model.get_by_text("the connection broke")).to_be_visible()
    told = model.get_by_role("alert").filter(has_text="transfer_broken")
    expect(told).to_contain_text("model.pt did not arrive whole", timeout=120_000)
    expect(told).to_contain_text("what has arrived is kept")
    expect(model).to_have_attribute("data-state", "stopped")
    hub.cuts.clear()
    model.get_by_role("button", name="Resume").click()
    expect(model).to_have_attribute("data-state", "ready", timeout=60_000)
    expect(told).to_be_hidden()
    assert max(asked.begin for asked in hub.asked) == 100_000
    assert (models_dir / "sensevoice-small/model.pt").read_bytes() == FUNASR_FILES["model.pt"]


def test_a_changed_file_is_found_and_the_model_fetched_anew(open_models: Open, models_dir: Path) -> None:
    page = open_models()
    model = card(page, "sensevoice-small")
    model.get_by_role("button", name="Download").click()
    expect(model).to_have_attribute("data-state", "ready")
    (models_dir / "sensevoice-small/am.mvn").write_bytes(b"changed")

    model.get_by_role("button", name="Verify").click()
    expect(model).to_have_attribute("data-state", "damaged")
    expect(model.get_by_text("am.mvn").first).to_be_visible()
    model.get_by_role("button", name="Download").click()

    expect(model).to_have_attribute("data-state", "ready")


def test_a_folder_is_added_by_its_path_and_only_forgotten(open_models: Open, tmp_path: Path) -> None:
    elsewhere = build_tiny_model(tmp_path / "my-own")
    page = open_models()
    path = page.get_by_label("Folder on the server")

    path.fill(str(tmp_path))
    path.press("Enter")
    expect(page.get_by_text("holds no model")).to_be_visible()
    path.fill(str(elsewhere))
    page.get_by_role("button", name="Add folder").click()
    model = card(page, "my-own")
    expect(model).to_have_attribute("data-state", "ready")
    expect(path).to_have_value("")

    model.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text("only forgotten")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(model).to_have_count(0)
    assert (elsewhere / "final.pt").is_file()


def test_a_folder_that_is_copied_by_hand_appears_by_itself(open_models: Open, models_dir: Path, tmp_path: Path) -> None:
    page = open_models()

    shutil.copytree(build_tiny_model(tmp_path / "tiny"), models_dir / "copied")

    expect(card(page, "copied").get_by_role("button", name="Use")).to_be_visible()


def test_what_a_model_needs_is_said_and_how_it_comes(open_models: Open, models_dir: Path) -> None:
    page = open_models()
    (models_dir / "needy").mkdir(parents=True)
    for name in ("model.pt", "absent_package"):
        (models_dir / "needy" / name).write_bytes(b"content")
    (models_dir / "needy/config.yaml").write_text("model: Paraformer\n")
    model = card(page, "needy")

    expect(model.get_by_text("It also needs absent_package (about 1 MB), which is not installed.")).to_be_visible()
    expect(model.get_by_text("-m pip install 'funasr-webui[absent]'")).to_be_visible()
    expect(model.get_by_text("Not complete")).to_be_visible()
    expect(model.get_by_role("button", name="Use needy")).to_be_hidden()
    expect(model.get_by_role("button", name="Install what it needs – needy")).to_be_hidden()


def test_one_model_is_recommended(open_models: Open) -> None:
    page = open_models()

    expect(page.get_by_text("Recommended", exact=True)).to_have_count(1)
    expect(card(page, "whisper-base").get_by_text("Recommended", exact=True)).to_be_visible()


def test_the_memory_is_given_back_and_taken_again(open_models: Open) -> None:
    page = open_models()
    state = page.locator('section[data-model] [data-field="state"]')

    page.get_by_role("button", name="Unload and free memory").click()
    expect(state).to_have_text("Model not loaded")
    page.get_by_role("button", name="Load now").click()

    expect(state).to_have_text("Ready")


def test_it_can_be_done_by_keyboard_alone(open_models: Open) -> None:
    page = open_models()
    model = card(page, "sensevoice-small")

    model.get_by_role("combobox").focus()
    page.keyboard.press("Tab")
    expect(model.get_by_role("button", name="Download")).to_be_focused()
    page.keyboard.press("Enter")
    expect(model).to_have_attribute("data-state", "ready")
    model.get_by_role("button", name="Remove").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")

    expect(model).to_have_attribute("data-state", "ready")


@pytest.mark.parametrize(("scheme", "language"), [("light", "zh-CN"), ("dark", "en-GB")])
def test_the_page_fits_a_phone_in_both_languages(
    open_models: Open, hub: LoopbackHub, scheme: str, language: str
) -> None:
    hub.status = {"/repo": 403}
    page = open_models(color_scheme=scheme, locale=language, viewport={"width": 360, "height": 740})
    model = card(page, "sensevoice-small")
    model.locator('[data-action="pull"]').click()
    expect(model).to_have_attribute("data-state", "stopped")

    heading = "模型" if language == "zh-CN" else "Models"
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert not page.evaluate(WIDER_THAN_WINDOW)
    missing = page.evaluate(
        "[...document.querySelectorAll('button')].filter((b) => !b.textContent.trim() && !b.ariaLabel).length"
    )
    assert missing == 0
