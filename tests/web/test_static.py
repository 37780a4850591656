"""Style sheets and scripts: cached forever by browsers, and never out of date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.web.static_files import StaticFolder, version_of


def address_of_script(page: str) -> str:
    [address] = re.findall(r'<script type="module" src="([^"]+)"', page)
    return str(address)


def test_pages_name_scripts_by_a_version_that_may_be_kept_for_good(client: TestClient) -> None:
    address = address_of_script(client.get("/history").text)

    answer = client.get(address)

    assert re.match(r"/static/v-[0-9a-f]{12}/js/pages/history\.js", address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")


def test_an_address_without_version_is_asked_for_again_each_time(client: TestClient) -> None:
    assert client.get("/static/favicon.svg").headers["cache-control"] == "no-cache"


def test_a_missing_file_is_not_kept(client: TestClient) -> None:
    answer = client.get("/static/v-0123456789ab/js/none.js")

    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_the_version_changes_with_the_content(tmp_path: Path) -> None:
    script = tmp_path / "js" / "page.js"
    script.parent.mkdir()
    script.write_text("old")
    old = version_of(tmp_path)

    script.write_text("newer")

    assert version_of(tmp_path) != old
    assert version_of(tmp_path) == version_of(tmp_path)


def test_scripts_and_pages_travel_compressed_and_recordings_do_not(client: TestClient) -> None:
    script = client.get("/static/js/lib/dom.js")
    page = client.get("/history")
    answer = client.get("/api/v1/system")

    assert script.headers["content-encoding"] == page.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in script.headers["vary"]
    assert "content-encoding" not in answer.headers
    assert script.text.startswith("/**")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_file_that_changes_is_served_anew_though_it_is_kept_in_memory(tmp_path: Path, encoding: str) -> None:
    script = tmp_path / "page.js"
    app = Starlette()
    app.mount("/static", StaticFolder(directory=tmp_path))
    served = TestClient(app, headers={"accept-encoding": encoding})
    for text in ("old " * 200, "newer " * 200):
        script.write_text(text)
        for _ in range(2):
            answer = served.get("/static/page.js")
            assert answer.text == text
            assert answer.headers.get("content-encoding", "identity") == encoding


def test_what_has_not_changed_is_not_resent_and_a_part_can_be_had(client: TestClient) -> None:
    whole = client.get("/static/js/lib/dom.js")

    again = client.get("/static/js/lib/dom.js", headers={"if-none-match": whole.headers["etag"]})
    part = client.get("/static/js/lib/dom.js", headers={"range": "bytes=0-2", "accept-encoding": "identity"})
    head = client.head("/static/js/lib/dom.js")

    assert (again.status_code, again.content) == (304, b"")
    assert (part.status_code, part.text) == (206, "/**")
    assert (head.status_code, head.content) == (200, b"")
