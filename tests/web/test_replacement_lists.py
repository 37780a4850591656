"""Saved lists of rules of replacement: beside those of hotwords, and checked as the option is."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

RULES = "/api/v1/replacement-lists"
WORDS = "/api/v1/hotword-lists"
PRODUCTS = {"name": "产品名", "rules": "范一安 => FunASR\nword: asr => ASR"}


def test_rules_are_kept_beside_hotwords_of_the_same_name(client: TestClient) -> None:
    words = client.post(WORDS, json={"name": "产品名", "words": "小度"}).json()
    rules = client.post(RULES, json=PRODUCTS).json()

    assert (rules["name"], rules["rules"], rules["count"]) == ("产品名", PRODUCTS["rules"], 2)
    assert client.get(RULES).json()["lists"] == [rules]
    assert client.get(WORDS).json()["lists"] == [words]
    assert client.delete(f"{WORDS}/{rules['id']}").json()["error"]["code"] == "hotword_list_not_found"
    assert client.delete(f"{RULES}/{words['id']}").json()["error"]["code"] == "replacement_list_not_found"
    assert client.delete(f"{RULES}/{rules['id']}").status_code == 204
    assert client.get(WORDS).json()["lists"] == [words]


def test_a_list_of_rules_is_replaced_but_never_takes_the_name_of_another(client: TestClient) -> None:
    kept = client.post(RULES, json=PRODUCTS).json()
    client.post(RULES, json=PRODUCTS | {"name": "people"})

    changed = client.put(f"{RULES}/{kept['id']}", json={"name": "products", "rules": "sound: 张三 => 章叁"}).json()
    taken = client.put(f"{RULES}/{kept['id']}", json={"name": "people", "rules": "a => b"})

    assert (changed["name"], changed["rules"], changed["count"]) == ("products", "sound: 张三 => 章叁", 1)
    assert taken.json()["error"]["code"] == "replacement_list_exists"


@pytest.mark.parametrize("rules", ["", "# nothing but a comment", "no arrow", "regex: ( => x", "sound: abc => x"])
def test_rules_that_cannot_be_applied_are_not_kept(client: TestClient, rules: str) -> None:
    answer = client.post(RULES, json=PRODUCTS | {"rules": rules})

    assert answer.status_code == 422
    assert answer.json()["error"]["field"] in ("rules", "replacements")
    assert client.get(RULES).json()["lists"] == []


def test_a_kept_list_does_what_it_says_for_a_recording(client: TestClient) -> None:
    rules: Any = client.post(RULES, json=PRODUCTS).json()["rules"]

    answer = client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"sound")}, data={"replacements": rules})

    assert answer.status_code == 201
    given = client.get(answer.headers["location"]).json()["options"]["replacements"]
    assert len(given) == 2
