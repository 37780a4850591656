"""The models over REST: what is shown, what is refused, and that downloads happen only on request."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.engine.tiny_model import build_tiny_model
from tests.models.hub import LoopbackHub, loopback_hub, tar_gz
from tests.waiting import wait_until
from tests.web.conftest import Server

MODELS = "/api/v1/models"
AISHELL = f"{MODELS}/aishell-u2pp-conformer"


@pytest.fixture(name="hub")
def _hub() -> Iterator[LoopbackHub]:
    with loopback_hub() as hub:
        yield hub


@pytest.fixture(name="tiny")
def _tiny(tmp_path: Path) -> Path:
    return build_tiny_model(tmp_path / "tiny")


@pytest.fixture(name="client")
def _client(tmp_path: Path, hub: LoopbackHub) -> Iterator[TestClient]:
    settings = Settings(
        data_dir=tmp_path / "data",
        log_dir=tmp_path / "logs",
        models_dir=tmp_path / "models",
        wenet_mirror=hub.address + "/wenet/{name}.tar.gz",
    )
    with TestClient(
        create_app(settings, start_worker=False),
        base_url="http://127.0.0.1",
        headers={"accept-language": "en"},
        raise_server_exceptions=False,
    ) as client:
        yield client


def states(client: TestClient) -> dict[str, str]:
    return {model["name"]: model["state"] for model in client.get(MODELS).json()["models"]}


def test_all_models_are_listed_without_asking_anybody(client: TestClient, hub: LoopbackHub) -> None:
    answer = client.get(MODELS).json()

    assert [model["name"] for model in answer["models"] if model["state"] == "in_use"] == ["builtin"]
    assert all(model["is_builtin"] for model in answer["models"][:2])
    assert answer["fixed"] is None
    assert answer["disk_free_bytes"] > 0
    assert hub.asked == []


def test_texts_come_in_the_readers_language(client: TestClient) -> None:
    chinese = client.get(f"{MODELS}/builtin", headers={"accept-language": "zh"}).json()

    assert chinese["title"] == "内置小模型"


def test_a_model_is_pulled_verified_used_and_kept_while_it_is_used(
    client: TestClient, hub: LoopbackHub, tiny: Path
) -> None:
    files = {f"exp/{file.name}": file.read_bytes() for file in tiny.iterdir()}
    hub.archives["aishell_u2pp_conformer_exp"] = tar_gz(files)

    assert client.post(f"{AISHELL}/pull").status_code == 202
    wait_until(lambda: states(client)["aishell-u2pp-conformer"] == "ready")
    assert client.post(f"{AISHELL}/verify").json() == {"has_checksums": True}
    assert client.post(f"{AISHELL}/use").json()["state"] == "switching"
    assert client.delete(AISHELL).json()["error"]["code"] == "model_in_use"
    assert client.post(f"{MODELS}/builtin/use").json()["state"] == "in_use"
    assert client.delete(AISHELL).status_code == 204


def test_a_download_that_failed_says_why(client: TestClient) -> None:
    client.post(f"{AISHELL}/pull")
    wait_until(lambda: states(client)["aishell-u2pp-conformer"] == "stopped")

    model = client.get(AISHELL).json()

    assert model["problem"]["code"] == "hub_refused"
    assert "404" in model["problem"]["message"]
    assert client.delete(AISHELL).status_code == 204


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc", "not_a_model"),
        ("/no/such/folder", "not_a_model"),
        ("relative/folder", "invalid_parameter"),
        ("/etc/passwd", "not_a_model"),
        ("/bad\0path", "not_a_model"),
    ],
)
def test_a_path_without_a_model_is_refused_in_the_same_words(client: TestClient, path: str, code: str) -> None:
    answer = client.post(f"{MODELS}/folders", json={"path": path})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code


def test_a_path_reveals_nothing_of_what_lies_there(client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secrets"
    secret.mkdir()
    (secret / "config.yaml").write_text("model: 'hunter2: password'\npassword: hunter2", encoding="utf-8")

    answer = client.post(f"{MODELS}/folders", json={"path": str(secret)})

    assert answer.status_code >= 400
    assert "hunter2" not in answer.text


def test_a_folder_elsewhere_is_added_once_and_forgotten(client: TestClient, tiny: Path) -> None:
    first = client.post(f"{MODELS}/folders", json={"path": str(tiny)})
    second = client.post(f"{MODELS}/folders", json={"path": str(tiny)})

    assert first.status_code == 201
    assert first.json()["name"] == second.json()["name"] == "tiny"
    assert client.delete(f"{MODELS}/tiny").status_code == 204
    assert (tiny / "final.pt").is_file()


@pytest.mark.parametrize("id", ["http://evil/x", "../x", "x", "a/b/c", "a/b?c"])
def test_an_id_cannot_lead_to_another_address(client: TestClient, id: str, hub: LoopbackHub) -> None:
    answer = client.post(f"{MODELS}/pull", json={"id": id, "hub": "huggingface"})

    assert answer.status_code in (404, 422)
    assert hub.asked == []


@pytest.mark.parametrize("name", ["..%2F..%2Fetc", "%2Fetc", "nothing-known", ".hidden"])
def test_a_name_that_is_none_is_not_found(client: TestClient, name: str) -> None:
    for method, path in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/use"),
        ("POST", "/verify"),
        ("POST", "/pull"),
    ]:
        assert client.request(method, f"{MODELS}/{name}{path}").status_code in (404, 405), (method, path)


def test_a_page_of_another_site_can_change_nothing(client: TestClient, tiny: Path) -> None:
    foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}

    for method, path, body in [
        ("POST", f"{AISHELL}/pull", None),
        ("POST", f"{MODELS}/pull", {"id": "a/b", "hub": "modelscope"}),
        ("POST", f"{MODELS}/folders", {"path": str(tiny)}),
        ("POST", f"{MODELS}/builtin/use", None),
        ("DELETE", AISHELL, None),
    ]:
        answer = client.request(method, path, json=body, headers=foreign)
        assert answer.json()["error"]["code"] == "cross_site_request", path


def test_a_model_that_is_fixed_cannot_be_changed_and_the_answer_says_so(tmp_path: Path, tiny: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", log_dir=tmp_path / "logs", models_dir=tmp_path / "models", model=tiny
    )
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        assert client.get(MODELS).json()["fixed"] == str(tiny)
        assert client.post(f"{MODELS}/builtin/use").json()["error"]["code"] == "model_fixed"


def test_changes_come_as_events(start_server: Callable[..., Server], tmp_path: Path, tiny: Path) -> None:
    models_dir = tmp_path / "models"
    server = start_server(models_dir=str(models_dir))
    with (
        server.client() as client,
        client.stream("GET", f"{MODELS}/events") as events,
    ):
        lines = (line for line in events.iter_lines() if line.startswith("data: "))
        first = json.loads(next(lines).removeprefix("data: "))
        shutil.copytree(tiny, models_dir / "by-hand")
        while True:
            latest = json.loads(next(lines).removeprefix("data: "))
            found = {model["name"]: model["state"] for model in latest["models"]}
            if found.get("by-hand") == "ready":
                break
        assert client.get(f"{MODELS}/by-hand").json()["state"] == "ready"

    assert "by-hand" not in {model["name"] for model in first["models"]}
