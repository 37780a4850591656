"""Private values are removed in whatever form they occur, and everything else stays."""

from __future__ import annotations

import json
import time

import pytest

from app.support.private_values import PrivateValues, private_values
from app.support.redaction import Redactor

PRIVATE = PrivateValues(
    users=frozenset({"mallory"}),
    homes=frozenset({"/srv/people/mallory"}),
    hosts=frozenset({"workhorse7"}),
    secrets=frozenset({"Tr0ub4dor&3/x"}),
    recordings=frozenset({"会议 alice.wav"}),
)
QUICK_SECONDS = 10.0  # of computing: ten times what it takes; a rule that looks at every pair takes minutes


def redacted(text: str) -> str:
    return Redactor(PRIVATE).text(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET /x?token=abc123def&x=1", "abc123def"),
        ("GET /x?a=1&api_key=abc123def", "abc123def"),
        ("%3Ftoken%3Dabc123def", "abc123def"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"headers": {"Authorization": "Token abc123def"}}', "abc123def"),
        ('"{\\"password\\": \\"hunter2 and more\\"}"', "hunter2"),
        ('"{\\"password\\": \\"hunter2 and more\\"}"', "more"),
        ("password = 'hunter2 x'", "hunter2"),
        ("HF_TOKEN=whatever123", "whatever123"),
        ("my password is hunter2", "hunter2"),
        ("密码：hunter2", "hunter2"),
        ("http://proxy_user:hunter2@10.0.0.9:3128", "hunter2"),
        ("http:\\/\\/u:hunter2@proxy", "hunter2"),
        ("Cookie: session=hunter2; theme=dark", "hunter2"),
        ("found hf_abcdefghijklmnop1234 there", "hf_abcdefghijklmnop1234"),
        ("value Tr0ub4dor&3/x end", "Tr0ub4dor"),
        ("value Tr0ub4dor%263%2Fx end", "Tr0ub4dor"),
        ('{"a": "Tr0ub4dor\\u00263\\/x"}', "Tr0ub4dor"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"),
        ("mail alice@example.com now", "alice"),
        ("mail%3Aalice%40example.com", "example.com"),
        ('{"m": "alice\\u0040example.com"}', "example.com"),
        ("请联系alice.b@example.com。", "alice.b"),
        ("张三@例子.公司", "例子"),
        ("/home/alice/recordings/x.wav", "alice"),
        ("/srv/people/mallory/x.wav", "people"),
        ("file:%2Fhome%2Falice%2Fx.wav", "alice"),
        ('{"path": "\\/home\\/alice\\/x"}', "alice"),
        ('"C:\\\\Users\\\\Alice Smith\\\\x.wav"', "Smith"),
        ("C:\\Users\\alice\\x.wav", "alice"),
        ("/Users/alice", "alice"),
        ("ran as Mallory on it", "Mallory"),
        ("at workhorse7:7860", "workhorse7"),
        ("host=attacker.example", "attacker"),
        ("https://models.acme.example/x", "acme"),
        ("build.acme.internal", "acme"),
        ("from 192.168.7.12 port 5", "192.168.7.12"),
        ("from fe80::1ff:fe23:4567:890a", "fe80"),
        ("de:ad:be:ef:00:01", "de:ad"),
        ('name="会议 alice.wav"', "alice"),
        ('name="\\u4f1a\\u8bae alice.wav"', "alice"),
    ],
)
def test_what_is_private_is_taken_out(text: str, secret: str) -> None:
    assert secret not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T18:57:01.123Z INFO request=ab12 job=cd34 app.services segment_finished index=3 seconds=1.2",
        "tokens=35 tokenizer=chars token_count=5",
        "http://127.0.0.1:7860/transcriptions/ab12",
        "https://huggingface.co/openspeech/wenet-models/resolve/main/{name}.tar.gz",
        "0.0.0.0 and ::1 and 12:30:45",
        "/tmp/funasr-x/audio.s16 and /api/v1/system",
        "torch 2.11.0+cpu, page 3/5, 100%",
        "password=None token=null",
    ],
)
def test_what_is_not_private_stays(text: str) -> None:
    assert redacted(text) == text


def test_json_stays_json_and_names_of_secrets_hide_their_values() -> None:
    value = {
        "token": "abc",
        "pin_password": 12345,
        "nested": [{"Authorization": "x"}],
        "tokens": 7,
        "on": True,
    }

    told = Redactor(PRIVATE).value(value)

    assert json.loads(json.dumps(told)) == {
        "token": "[secret]",
        "pin_password": "[secret]",
        "nested": [{"Authorization": "[secret]"}],
        "tokens": 7,
        "on": True,
    }


def test_the_count_is_told_and_the_value_is_not() -> None:
    redactor = Redactor(PRIVATE)
    redactor.text("alice@example.com, bob@example.com, /home/alice")

    assert [(each.rule, each.count) for each in redactor.redactions] == [("email", 2), ("home", 1)]
    assert "alice" not in str(redactor.redactions)


def test_whoever_a_home_folder_names_is_hidden_elsewhere_too() -> None:
    redactor = Redactor(PrivateValues())
    redactor.learn(["/home/gwendolyn/x"])

    assert "gwendolyn" not in redactor.text("owner=gwendolyn")


def test_what_was_said_keeps_words_that_happen_to_be_names() -> None:
    redactor = Redactor(PRIVATE)

    assert redactor.content("mallory said: the tasks are long") == "mallory said: the tasks are long"
    assert "example" not in redactor.content("write to a@example.com")


def test_the_environment_tells_which_values_are_secret() -> None:
    found = private_values(
        {"HF_TOKEN": "abcdefgh", "SSH_KEY": "/home/x/key", "LANG": "zh_CN.UTF-8", "DB_PASSWORD": "p@ss word"}
    )

    assert found.secrets == {"abcdefgh", "p@ss word"}


def test_addresses_of_every_machine_are_no_host_names() -> None:
    found = private_values({"HOSTNAME": "workhorse7"}, hosts=("127.0.0.1", "transcribe.lan", "localhost"))

    assert {"workhorse7", "transcribe.lan", "transcribe"} <= found.hosts
    assert not {"127.0.0.1", "localhost"} & found.hosts


def test_a_long_line_is_quick() -> None:
    began = time.thread_time()
    for line in (
        "a" * 200_000,
        "a." * 100_000,
        "密" * 100_000,
        "0a:" * 60_000,
        "/home" * 40_000,
        "\\" * 100_000,
    ):
        redacted(line)

    assert time.thread_time() - began < QUICK_SECONDS
