import socket
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.web.middleware.security import allowed_hosts
from tests.web.conftest import API, Server


def status_and_code(client: TestClient, method: str, **headers: str) -> tuple[int, str]:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.request(method, f"{API}/unknown/cancel" if method == "POST" else API, headers=headers)
    return response.status_code, response.json().get("error", {}).get("code", "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "https://proxy.example"},
    ],
)
def test_programs_and_own_pages_may_change_things(client: TestClient, headers: dict[str, str]) -> None:
    assert status_and_code(client, "POST", **headers) == (404, "transcription_not_found")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://127.0.0.1"},
    ],
)
def test_pages_of_other_sites_may_not_change_things(client: TestClient, headers: dict[str, str]) -> None:
    assert status_and_code(client, "POST", **headers) == (403, "cross_site_request")
    assert client.get(API, headers={"origin": "http://evil.example"}).status_code == 200


def test_a_page_of_another_site_cannot_send_a_recording(client: TestClient) -> None:
    headers = {"origin": "http://evil.example"}

    assert client.post(API, files={"file": b"RIFF"}, headers=headers).status_code == 403
    assert client.get(API).json()["total"] == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:7860", "[::1]:7860", "LOCALHOST:1"])
def test_a_loopback_server_answers_under_its_own_names(client: TestClient, host: str) -> None:
    assert status_and_code(client, "GET", host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "[::2]"])
def test_a_loopback_server_does_not_answer_under_foreign_names(client: TestClient, host: str) -> None:
    assert status_and_code(client, "GET", host=host) == (403, "host_not_allowed")


def test_names_of_a_proxy_can_be_allowed(settings: Settings) -> None:
    allowed = settings.model_copy(update={"allowed_hosts": "asr.example, other.example"})
    with TestClient(create_app(allowed, start_worker=False), base_url="http://asr.example") as client:
        assert client.get(API).status_code == 200


@pytest.mark.parametrize(
    ("name", "is_answered"),
    [
        ("192.168.1.20", True),
        ("[fe80::1]", True),
        ("127.0.0.1", True),
        ("office-server", True),
        ("office-server.local", True),
        (socket.gethostname().lower(), True),
        ("asr.company.example", True),
        ("evil.example", False),
        ("192.168.1.20.evil.example", False),
        ("evil.local.example", False),
    ],
)
def test_an_open_server_answers_under_no_public_name_but_its_own(name: str, is_answered: bool) -> None:
    assert allowed_hosts("0.0.0.0", "asr.company.example").has(name) is is_answered  # noqa: S104


def test_an_address_of_this_machine_alone_has_its_own_name() -> None:
    hosts = allowed_hosts("127.0.0.2", "")

    assert [hosts.has(name) for name in ("localhost", "127.0.0.2", "127.0.0.3", "192.168.1.20")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_page_that_was_led_to_an_open_server_can_change_nothing(settings: Settings) -> None:
    server = settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104
    with TestClient(create_app(server, start_worker=False), base_url="http://rebound.example:7860") as client:
        assert client.delete(API).json()["error"]["code"] == "host_not_allowed"
        assert client.get("/").status_code == 403


def test_a_trusted_proxy_on_another_machine_chooses_the_name(settings: Settings) -> None:
    server = settings.model_copy(update={"host": "0.0.0.0", "trusted_proxies": "10.1.0.0/16"})  # noqa: S104
    app = create_app(server, start_worker=False)

    def status(client: str) -> int:
        with TestClient(app, base_url="http://asr.example", client=(client, 1)) as asking:
            return asking.get("/health").status_code

    assert (status("10.1.2.3"), status("10.2.0.1")) == (200, 403)


@pytest.mark.parametrize("path", ["/", "/docs", "/static/favicon.svg", API, "/api/v1/nothing"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert "geolocation=()" in headers["permissions-policy"]
    assert headers["x-request-id"]


def test_static_files_are_asked_for_again_and_found_unchanged(client: TestClient) -> None:
    first = client.get("/static/favicon.svg")
    again = client.get("/static/favicon.svg", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_static_files_do_not_leave_their_folder(client: TestClient) -> None:
    assert client.get("/static/%2e%2e/pyproject.toml").status_code == 404


def test_what_the_server_makes_is_for_its_user_alone(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with server.client() as client:
        client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"sound")})
        client.post("/api/v1/journal/4f1c9a2b7d3e5f60", json={"browser": {}, "entries": []})

    made = [server.data_dir, *(path for path in server.data_dir.rglob("*") if path.suffix != ".lock")]
    assert [path for path in made if path.stat().st_mode & 0o077] == []
    assert [path for path in server.log_dir.glob("app.log") if path.stat().st_mode & 0o077] == []
