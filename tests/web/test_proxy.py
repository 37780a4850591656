"""Behind a reverse proxy: URLs lead back through it, and headers from untrusted addresses are ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.domain.addresses import is_host, is_within, networks
from app.domain.errors.setup import RootPathTaken
from app.main import create_app
from app.settings import Settings
from app.web.routes import page_paths
from tests.conftest import REPOSITORY
from tests.engine.sounds import babble, wav_bytes
from tests.web.conftest import API

PROXY, STRANGER = ("127.0.0.1", 5000), ("192.0.2.7", 5000)
PREFIX = {"x-forwarded-prefix": "/asr"}
OF_PEOPLE = {"/login", "/account"}
"""Pages that lead to others where nobody logs in."""
PAGES = (
    *(path for path in page_paths() if path not in OF_PEOPLE),
    "/history?view=statistics",
    "/history?view=trash",
    "/nothing",
)
ADDRESS = re.compile(r'\s(?:href|src|action|data-log)="([^"]*)"')
ECHO = "/api/v1/doctor/echo"

Serve = Callable[..., TestClient]


@pytest.fixture(scope="module", name="serve")
def _serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Return a function that serves with some settings to a client at an address, each once for all tests."""
    with ExitStack() as stack:

        @cache
        def serve(peer: tuple[str, int] = PROXY, **given: str) -> TestClient:
            folder = tmp_path_factory.mktemp("server")
            settings = Settings(data_dir=folder / "data", log_dir=folder / "logs", **given)
            app = create_app(settings, start_worker=False)
            headers = {"accept-language": "en"}
            client = TestClient(app, "http://127.0.0.1", headers=headers, client=peer, follow_redirects=False)
            return stack.enter_context(client)

        yield serve


@pytest.fixture(scope="module", name="proxied")
def _proxied(serve: Serve) -> TestClient:
    """What a proxy on this machine asks."""
    return serve()


def addresses(page: str) -> list[str]:
    return [address for address in ADDRESS.findall(page) if address and not address.startswith("#")]


def is_connected(client: TestClient, **headers: str) -> bool:
    sent = {"host": "127.0.0.1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with client.websocket_connect(ECHO, headers=sent) as socket:
            socket.send_text("word")
            return bool(socket.receive_text() == "word")
    except WebSocketDisconnect:
        return False


def test_the_login_is_below_the_prefix_and_leads_back_there(serve: Serve) -> None:
    client = serve(login="always")

    answer = client.get("/history?query=tea", headers=PREFIX)

    assert answer.headers["location"] == "/asr/login?next=/history%3Fquery%3Dtea"
    page = client.get(answer.headers["location"], headers=PREFIX).text
    assert 'data-next="/asr/history?query=tea"' in page


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("passed_on", ["", "/asr"], ids=["stripped", "passed on"])
def test_every_address_of_a_page_leads_through_the_proxy(proxied: TestClient, page: str, passed_on: str) -> None:
    answer = proxied.get(passed_on + page, headers=PREFIX)

    assert [each for each in addresses(answer.text) if not each.startswith("/asr/")] == []
    assert '<meta name="root-path" content="/asr">' in answer.text
    assert "X-Forwarded-Prefix" in answer.headers["vary"]


@pytest.mark.parametrize("page", PAGES)
def test_without_a_prefix_addresses_begin_at_the_root(proxied: TestClient, page: str) -> None:
    answer = proxied.get(page)

    assert {each.split("/")[0] for each in addresses(answer.text)} == {""}
    assert "asr/" not in "".join(addresses(answer.text))
    assert answer.headers["vary"].startswith("Accept-Language, Cookie")
    assert "X-Forwarded" not in answer.headers["vary"]


def test_what_a_prefixed_page_asks_for_is_there(proxied: TestClient) -> None:
    for style in ("", "/asr"):
        for address in addresses(proxied.get("/", headers=PREFIX).text):
            answer = proxied.get(style + address.removeprefix("/asr"), headers=PREFIX)
            assert answer.status_code in (200, 405), address


@pytest.mark.parametrize("path", ["/asr/history", "/history"])
def test_a_root_path_of_the_administrator_needs_no_header(serve: Serve, path: str) -> None:
    client = serve(STRANGER, root_path="/asr")

    assert "/asr/history" in addresses(client.get(path).text)
    assert "/asr/history" in addresses(client.get(path, headers={"x-forwarded-prefix": "/other"}).text)


def test_a_stranger_is_not_believed(serve: Serve) -> None:
    client = serve(STRANGER)
    forwarded = PREFIX | {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}

    assert addresses(client.get("/", headers=forwarded).text) == addresses(client.get("/").text)
    assert client.get("/asr/", headers=forwarded).status_code != 200
    assert not is_connected(client, x_forwarded_host="evil.example", origin="https://evil.example")


def test_a_proxy_elsewhere_is_believed_once_it_is_named(serve: Serve) -> None:
    page = serve(STRANGER, trusted_proxies="10.0.0.0/8, 192.0.2.0/24").get("/", headers=PREFIX).text
    assert "/asr/history" in addresses(page)

    page = serve(PROXY, trusted_proxies="192.0.2.0/24").get("/", headers=PREFIX).text
    assert "/history" in addresses(page)


@pytest.mark.parametrize(
    "value",
    [
        "asr",
        "//evil.example",
        "/\\evil.example",
        "/asr//x",
        "/asr/../x",
        "/..",
        "/.",
        '/"><script>',
        "/'x",
        "/a b",
        "/a\tb",
        "/%2f%2fevil.example",
        "/asr?x",
        "/asr#x",
        "/asr;path=/",
        "/a,/b",
        "https://evil.example/",
        "/" + "x" * 300,
        "/语音",
        "/live",
        "/api/v1",
    ],
)
def test_a_prefix_that_is_no_plain_path_is_ignored(proxied: TestClient, value: str) -> None:
    page = proxied.get("/history", headers={"x-forwarded-prefix": value.encode()}).text

    assert addresses(page) == addresses(proxied.get("/history").text)
    assert '<meta name="root-path" content="">' in page


def test_a_header_that_is_ignored_is_logged_once(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = serve(PROXY, root_path="", live_sessions="7")  # one that has logged nothing yet
    for header in ("x-forwarded-prefix", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"):
        for _ in range(2):
            client.get("/history", headers={header: "a b"})

    told = [record for record in caplog.records if record.message == "forwarded_header_ignored"]
    assert len(told) == 4
    assert not any("a b" in str(vars(record)) for record in told)


def test_a_slash_at_the_end_of_a_prefix_does_no_harm(proxied: TestClient) -> None:
    assert "/asr/history" in addresses(proxied.get("/", headers={"x-forwarded-prefix": "/asr/"}).text)


@pytest.mark.parametrize("value", ["asr", "/a//b", "/..", '/"', "/a b", "https://x/", "//"])
def test_a_root_path_that_is_none_is_refused_at_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="a path such as /asr"):
        Settings(root_path=value)


@pytest.mark.parametrize("value", ["/live", "/api", "/static/x", "/history/"])
def test_a_root_path_with_the_name_of_a_page_is_refused(settings: Settings, value: str) -> None:
    with pytest.raises(RootPathTaken):
        create_app(Settings(data_dir=settings.data_dir, root_path=value))


def test_networks_that_are_none_are_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="does not appear to be"):
        Settings(trusted_proxies="127.0.0.1, proxy")


def test_the_address_without_its_slash_leads_to_the_one_with_it(proxied: TestClient) -> None:
    answer = proxied.get("/asr?x=1", headers=PREFIX)

    assert (answer.status_code, answer.headers["location"]) == (307, "/asr/?x=1")


@pytest.mark.parametrize("style", ["", "/asr"])
def test_a_redirect_stays_behind_the_proxy(proxied: TestClient, style: str) -> None:
    headers = PREFIX | {"host": "127.0.0.1:7860", "x-forwarded-host": "asr.example"}

    assert proxied.get(f"{style}/history/", headers=headers).headers["location"] == "/asr/history"


@pytest.mark.parametrize("path", ["//evil.example/history/", "/%5Cevil.example/", "/%2Fevil.example/history/"])
def test_no_redirect_leads_to_another_site(proxied: TestClient, path: str) -> None:
    for headers in ({}, PREFIX):
        location = proxied.get(f"http://127.0.0.1{path}", headers=headers).headers.get("location", "/")
        assert location.startswith(("/", "http://127.0.0.1/"))
        assert not location.startswith(("//", "/\\"))


def test_a_created_transcription_is_named_by_its_address(proxied: TestClient) -> None:
    sound = wav_bytes((babble(0.5) * 32767).astype("int16"))

    answer = proxied.post(API, files={"file": ("a.wav", sound)}, headers=PREFIX)

    assert answer.headers["location"] == f"/asr{API}/{answer.json()['id']}"
    assert proxied.get(answer.headers["location"], headers=PREFIX).json()["id"] == answer.json()["id"]
    assert f"/asr/transcriptions/{answer.json()['id']}" in addresses(proxied.get("/", headers=PREFIX).text)


@pytest.mark.parametrize("back", ["/history?query=x", "/", "//evil.example", "https://evil.example", "/\\evil"])
def test_preferences_are_kept_for_the_program_alone(proxied: TestClient, back: str) -> None:
    answer = proxied.post("/preferences", data={"back": back, "language": "zh", "theme": "dark"}, headers=PREFIX)

    expected = back if back.startswith("/h") else "/"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/asr{expected}")
    assert all("Path=/asr/;" in cookie for cookie in answer.headers.get_list("set-cookie"))

    plain = proxied.post("/preferences", data={"back": back, "theme": "dark"})
    assert plain.headers["location"] == expected
    assert "Path=/;" in plain.headers["set-cookie"]


def test_the_description_of_the_api_names_the_prefix_of_this_request_only(proxied: TestClient) -> None:
    schema = proxied.get("/api/v1/openapi.json", headers=PREFIX).json()

    assert schema["servers"] == [{"url": "/asr"}]
    assert "servers" not in proxied.get("/api/v1/openapi.json").json()
    docs = proxied.get("/docs", headers=PREFIX).text
    assert "GET /asr/api/v1/transcriptions" in docs
    assert 'href="/asr/api/v1/openapi.json"' in docs


@pytest.mark.parametrize("style", ["", "/asr"])
def test_errors_of_the_api_stay_json(proxied: TestClient, style: str) -> None:
    answer = proxied.get(f"{style}{API}/unknown", headers=PREFIX)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "transcription_not_found"
    assert "content-encoding" not in proxied.get(f"{style}/api/v1/openapi.json", headers=PREFIX).headers


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:443", "https://localhost"),
        ("localhost:80", "http://localhost"),
        ("localhost", "https://localhost:443"),
        ("localhost", "http://localhost:80"),
        ("LOCALHOST", "http://localhost"),
        ("localhost", "https://localhost"),  # behind a proxy that does HTTPS and does not say so
        ("[::1]:443", "https://[::1]"),
        ("127.0.0.1:7860", "http://127.0.0.1:7860"),
        ("127.0.0.1:7860", "https://asr.example"),  # of FUNASR_ALLOWED_HOSTS, behind a proxy's own Host
        ("127.0.0.1:7860", "https://asr.example:8443"),
        ("127.0.0.1:7860", "https://other.example:444"),
        ("asr.example", "https://asr.example"),
    ],
)
def test_an_own_page_may_open_a_socket(serve: Serve, host: str, origin: str) -> None:
    client = serve(STRANGER, allowed_hosts="asr.example, other.example:444")

    assert is_connected(client, host=host, origin=origin)
    assert client.post("/preferences", headers={"host": host, "origin": origin}).status_code == 303


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:443", "http://localhost"),
        ("localhost:80", "https://localhost"),
        ("localhost", "http://localhost:3000"),
        ("localhost:7860", "http://localhost"),
        ("localhost", "null"),
        ("localhost", "file://"),
        ("localhost", "chrome-extension://localhost"),
        ("localhost", "https://localhost@evil.example"),
        ("localhost", "https://localhost.evil.example"),
        ("localhost", "https://evil.example:443"),
        ("localhost", "https://other.example"),
        ("localhost", "localhost"),
        ("localhost", ""),
    ],
)
def test_a_page_of_another_origin_may_not(serve: Serve, host: str, origin: str) -> None:
    client = serve(STRANGER, allowed_hosts="asr.example, other.example:444")

    assert not is_connected(client, host=host, origin=origin)
    assert client.post("/preferences", headers={"host": host, "origin": origin}).status_code == 403


def test_the_host_that_a_trusted_proxy_was_asked_for_counts_for_origins(proxied: TestClient) -> None:
    forwarded = {"x_forwarded_host": "asr.example", "x_forwarded_proto": "https"}

    assert is_connected(proxied, **forwarded, origin="https://asr.example")
    assert not is_connected(proxied, **forwarded, origin="https://evil.example")
    assert not is_connected(proxied, **forwarded, origin="http://127.0.0.1")


@pytest.mark.parametrize(
    ("host", "port", "origin", "is_own"),
    [
        ("asr.example", "8443", "https://asr.example:8443", True),
        ("asr.example", "1, 8443", "https://asr.example:8443", True),  # the nearest proxy's
        ("asr.example", "8443", "https://asr.example", True),  # the proxy's 8443 is published as 443
        ("asr.example", "443", "https://asr.example", True),
        ("[::1]", "8443", "https://[::1]:8443", True),
        ("asr.example", "8443", "https://asr.example:9443", False),
        ("asr.example", "8443", "https://evil.example:8443", False),
        ("asr.example:9443", "8443", "https://asr.example:9443", True),  # what the browser sent counts
        ("asr.example:9443", "8443", "https://asr.example:8443", False),
        ("asr.example", "65536", "https://asr.example:65536", False),
        ("asr.example", "8443 x", "https://asr.example:8443", False),
    ],
)
def test_the_port_that_a_proxy_was_asked_at_counts_for_origins(
    proxied: TestClient, host: str, port: str, origin: str, is_own: bool
) -> None:
    told = {"x_forwarded_host": host, "x_forwarded_proto": "https", "x_forwarded_port": port}

    assert is_connected(proxied, **told, origin=origin) == is_own


def test_a_stranger_cannot_name_a_port(serve: Serve) -> None:
    told = {"host": "127.0.0.1", "x_forwarded_port": "8443", "origin": "http://127.0.0.1:8443"}

    assert is_connected(serve(), **told)
    assert not is_connected(serve(STRANGER), **told)


def test_a_forwarded_host_does_not_open_the_door_to_a_foreign_name(proxied: TestClient) -> None:
    """A page under a name that was pointed at this machine can send any header to it."""
    headers = {"host": "evil.example", "x-forwarded-host": "localhost", "origin": "http://localhost"}

    assert proxied.get("/", headers=headers).status_code == 403
    assert not is_connected(proxied, **headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [("host", 'x"y'), ("host", "a b"), ("host", "evil.example/x"), ("proto", "javascript"), ("proto", "ws")],
)
def test_a_forwarded_origin_that_is_none_is_ignored(proxied: TestClient, name: str, value: str) -> None:
    answer = proxied.get("/history/", headers={f"x-forwarded-{name}": value})

    assert answer.headers["location"] == "/history"


def test_an_address_is_found_in_its_network() -> None:
    trusted = networks("127.0.0.0/8, ::1, fd00::/8")

    assert all(
        is_within(each, trusted) for each in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "fd00::1%eth0")
    )
    assert not any(is_within(each, trusted) for each in ("10.0.0.1", "::2", "testclient", "", "::ffff:10.0.0.1"))
    assert all(is_host(each) for each in ("asr.example", "asr.example:8443", "[::1]:1", "10.0.0.1"))


# New addresses go through url() and api(), or they are lost behind a proxy.

MARKUP = re.compile(r"""\b(?:href|src|srcset|action|formaction|poster|data-log)\s*=\s*["']\s*(?:/|\{\{\s*["']/)""")
SCRIPT = re.compile(r"""(["'`])/[a-z]|[}]/(?:api/v1|static)/""")
# What turns a path into an address: url() and api() themselves, what sends requests, and the paths that are kept for it.
TURNED = re.compile(
    r"""(?:\b(?:url|api|socketOf|startsWith|sendForm)\(|\b(?:send|request|transfer)\("[A-Z]+", |dataset\.case = id \? |^const address = \(\w+\) => )(["'`])/[a-z]"""
)


def sources(folder: str, suffix: str) -> list[Path]:
    return sorted((REPOSITORY / folder).rglob(f"*{suffix}"))


@pytest.mark.parametrize("path", sources("templates", ".html"), ids=lambda path: path.name)
def test_no_template_has_an_absolute_address(path: Path) -> None:
    assert [line.strip() for line in path.read_text("utf-8").splitlines() if MARKUP.search(line)] == []


@pytest.mark.parametrize("path", sources("static/js", ".js"), ids=lambda path: path.name)
def test_no_script_has_an_absolute_address(path: Path) -> None:
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    lines = [line for line in lines if not line.startswith(("/*", "*", "//"))]

    assert [line for line in lines if SCRIPT.search(TURNED.sub("", line))] == []


@pytest.mark.parametrize("path", sources("static/css", ".css"), ids=lambda path: path.name)
def test_no_style_sheet_has_an_absolute_address(path: Path) -> None:
    assert not re.search(r"""url\(\s*["']?/|@import\s+["']/""", path.read_text("utf-8"))
