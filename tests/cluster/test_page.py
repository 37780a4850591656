"""The page *Cluster* in a browser: while no head can be reached, and once one is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import _browser, _launch, _playwright  # noqa: F401 - fixtures
from tests.browser.contexts import new_context
from tests.cluster.conftest import needs_ray
from tests.cluster.heads import head_to_come
from tests.services.conftest import talk
from tests.waiting import wait_until
from tests.web.live_process import live_servers

pytestmark = [needs_ray, pytest.mark.slow]
ENGINE = "tests.cluster.engines:NotingEngine"


def test_the_page_says_once_that_no_head_is_there_and_fills_when_it_comes(browser: Browser, tmp_path: Path) -> None:
    with head_to_come(tmp_path) as head, live_servers(tmp_path / "data") as serve:
        server = serve(ENGINE, cluster=head.client_address)
        wait_until(lambda: server.ask("/system/cluster")["problem"])
        page = new_context(browser, server.address, locale="en-GB").new_page()
        page.goto("/cluster")

        expect(page.get_by_text("cannot be reached")).to_have_count(1)
        expect(page.get_by_text("No node has answered yet.")).to_be_visible()
        expect(page.get_by_text("No actor is running")).to_be_visible()
        expect(page.get_by_role("table")).to_have_count(0)
        check_accessible(page)

        head.start()
        server.tell("POST", "/transcriptions", files={"file": ("talk.wav", talk(0.2))})
        expect(page.get_by_role("group", name="Nodes").get_by_role("row")).to_have_count(2)
        expect(page.get_by_role("group", name="Actors").get_by_role("row").nth(1)).to_be_visible()
        expect(page.get_by_text("cannot be reached")).to_be_hidden()
        check_accessible(page)
