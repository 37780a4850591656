"""Cases, JSON bodies, stored JSON and names that were broken on purpose, each told by a seed.

tests/web/test_hostile_inputs.py tries a few, benchmarks/hostile_inputs.py many. What goes wrong is yielded in words.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from app.domain.errors.base import AppError
from app.engine.audio.facts import DecodeLimits
from app.support.case.archive import open_archive
from app.support.replay.recorded import open_sound, read_case
from tests.engine import sounds
from tests.waiting import wait_until

API = "/api/v1"
JSON = {"content-type": "application/json"}
LIMITS = DecodeLimits(max_seconds=600, cpu_seconds=20, memory_mb=512)
DEEP = 100_000  # levels, at which the reader of JSON gives up
PIECES = (
    *("..", ".", "/", "\\", "a", "会议", "CON", "nul", ".wav", ".MP3", " ", "\t", "\r\n", "\0", "\x7f", "%2e%2e%2f"),
    *("\u202e", "\u2028", "\ud800", "\U0001f4a9", "e\u0301", "'", '"', "`", "$(x)", "|", ";", "*", "?", "~", "-rf"),
    *("<b>", "</script>", "<img src=x onerror=alert(1)>", "&lt;", "&amp;", "{{7*7}}", "${x}", "C:", "//host", "=1+1"),
    *("\ufeff", "\u200b", "x" * 300, "名" * 90, "é" * 120, "javascript:alert(1)", "#", "null", "undefined", "0"),
)
LEAVES = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**400, 0.1, -0.0, 1e308, float("nan")),
    *(float("inf"), "", "0", "true", "null", "x", "x" * 5000, "\0", "\ud800", "\u2028", "1e999", "../../etc/passwd"),
    *([], {}, [[]], [None], {"": None}, {"a": {"b": [1, {"c": 2}]}}, ["x"] * 200),
)


def hostile_name(chance: random.Random) -> str:
    return "".join(chance.choices(PIECES, k=chance.randint(1, 5)))


# JSON


def changed_json(value: Any, chance: random.Random) -> Any:
    """Return a copy of `value` with one to four of its parts replaced, doubled or taken away."""
    told = {"": deepcopy(value)}
    for _ in range(chance.randint(1, 4)):
        place, key = chance.choice(list(_places(told)))
        _change(place, key, chance)
        told.setdefault("", None)
    return told[""]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every part as its container and its key in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change(place: Any, key: Any, chance: random.Random) -> None:
    way = chance.randrange(6)
    if way == 0:
        del place[key]
    elif way == 1 and isinstance(place, dict):
        place[hostile_name(chance)] = place[key]
    elif way == 1:
        place.insert(key, deepcopy(place[key]))
    elif way == 2:
        place[key] = [place[key]]
    elif way == 3:
        place[key] = hostile_name(chance)
    else:
        place[key] = deepcopy(chance.choice(LEAVES))


def json_text(value: Any, chance: random.Random) -> bytes:
    """Write JSON, one in five times so that it is none."""
    content = json.dumps(value).encode()
    way = chance.randrange(20)
    if way == 0:
        return content[: chance.randrange(len(content) + 1)]
    if way == 1:
        return b"[" * DEEP + content + b"]" * DEEP
    if way == 2:
        return content.replace(b'"', chance.choice((b"'", b"\xff", b"\xed\xa0\x80", b"")), 1)
    return b"\xef\xbb\xbf" + content if way == 3 else content


# Requests


def wrong_answers_to_json(client: TestClient, ids: Mapping[str, str], count: int, seed: int) -> Iterator[str]:
    """Send bodies that were once right; `ids` maps beginnings of paths to ids that exist (see contract.py)."""
    bodies = list(_bodies(ids).items())
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        (method, path), body = bodies[number % len(bodies)]
        content = json_text(changed_json(body, chance), chance)
        answer = client.request(method, path, content=content, headers=JSON)
        if answer.status_code == 500:
            yield f"{method} {path}: {content[:400]!r}"


def _bodies(ids: Mapping[str, str]) -> dict[tuple[str, str], Any]:
    job, batch = ids[f"{API}/transcriptions/"], ids[f"{API}/batches/"]
    pieces = [{"text": "one", "start": 0.0, "end": 1.0}]
    entry = {"number": 1, "at": "2026-11-30T08:00:00Z", "kind": "press", "control": "save", "page": "/", "status": 200}
    return {
        ("PATCH", f"{API}/settings"): {"values": {"vad_mode": 2, "max_segment_ms": 20_000, "threads": None}},
        ("POST", f"{API}/batches"): {"name": "calls", "options": {"language": "zh", "hotwords": ["a:20"], "itn": True}},
        ("POST", f"{API}/batches/{batch}/uploads"): {"name": "a.wav", "path": "b/a.wav", "size_bytes": 1 << 20},
        ("POST", f"{API}/batches/{batch}/items"): {"action": "retry", "ids": [ids[f"{API}/uploads/"]]},
        ("POST", f"{API}/batches/{batch}/order"): {"positions": [0], "before": 1},
        ("POST", f"{API}/hotword-lists"): {"name": "words", "words": "one\ntwo:20"},
        ("POST", f"{API}/replacement-lists"): {"name": "rules", "rules": "a => b\nregex: (x+)+y => z"},
        ("PATCH", f"{API}/transcriptions/{job}"): {"name": "b.wav"},
        ("PATCH", f"{API}/transcriptions/{job}/edits"): {
            "revision": 0,
            "changes": [{"first": 0, "last": 0, "pieces": pieces}],
        },
        ("POST", f"{API}/transcriptions/{job}/again"): {"language": "en", "hotwords": ["a"], "track": 1},
        ("POST", f"{API}/transcriptions/{job}/replacements"): {"rules": "a => b\nregex: (x+)+y => z"},
        ("POST", f"{API}/transcriptions/{job}/reread"): {
            "stretches": [{"start": 0.5, "end": 1.5, "channel": None}],
            "options": {"language": "en", "replacements": [{"wrong": "a", "right": "b", "kind": "word"}]},
        },
        ("POST", f"{API}/history/export"): {"ids": [job]},
        ("POST", f"{API}/trash/restore"): {"ids": [job]},
        ("POST", f"{API}/journal/4f1c9a2b7d3e5f60"): {"browser": {"name": "x"}, "entries": [entry]},
        ("POST", f"{API}/webhooks"): {"url": "https://9.9.9.9/x", "events": ["transcription.finished"]},
    }


# Names

PAGES = ("/", "/history", "/batch", "/live", f"{API}/transcriptions", f"{API}/batches", f"{API}/hotword-lists")


def wrong_names(client: TestClient, count: int, seed: int) -> Iterator[str]:
    """Give hostile names to recordings, batches and lists; then look at the pages and take what bears the names."""
    for number in range(count):
        name = hostile_name(random.Random(f"{seed}-{number}"))
        told = {
            "recording": client.post(f"{API}/transcriptions", files={"file": (name.replace("\ud800", "?"), b"sound")}),
            "batch": client.post(f"{API}/batches", content=json.dumps({"name": name}), headers=JSON),
            "list": client.post(f"{API}/hotword-lists", content=json.dumps({"name": name, "words": "a"}), headers=JSON),
        }
        addresses = [*PAGES, *(_addresses(kind, answer.json()) for kind, answer in told.items() if answer.is_success)]
        for address in addresses:
            yield from _faults_of(client, address, name)
        yield from (f"{kind} named {name!r}: 500" for kind, answer in told.items() if answer.status_code == 500)


def _addresses(kind: str, answer: Mapping[str, Any]) -> str:
    return {
        "recording": f"/transcriptions/{answer['id']}",
        "batch": f"/batch?id={answer['id']}",
        "list": f"{API}/hotword-lists",
    }[kind]


def _faults_of(client: TestClient, address: str, name: str) -> Iterator[str]:
    answer = client.get(address)
    if answer.status_code >= 400:
        yield f"{address} answers {answer.status_code} with {name!r}"
    if answer.headers["content-type"].startswith("text/html"):
        page = _Page()
        page.feed(answer.text)
        yield from (f"{address} has {fault} by {name!r}" for fault in page.faults)


class _Page(HTMLParser):
    """Finds elements that only a name can have brought into a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if any(key.startswith("on") or (value or "").startswith("javascript:") for key, value in attrs) or tag == "b":
            self.faults.append(f"<{tag}>")


# Cases


def case_of_a_recording(client: TestClient) -> bytes:
    """Send something like speech to a server that has a worker, and return the case of what it says."""
    sound = sounds.wav_bytes((sounds.babble(2.0) * 32767).astype(np.int16))
    path = f"{API}/transcriptions/{client.post(f'{API}/transcriptions', files={'file': ('a.wav', sound)}).json()['id']}"
    wait_until(lambda: client.get(path).json()["state"] == "succeeded")
    return client.get(f"{path}/case").content


def wrong_cases(case: bytes, folder: Path, count: int, seed: int) -> Iterator[str]:
    """Read cases whose members or bytes were changed; whatever is not refused with a reason is wrong."""
    with zipfile.ZipFile(io.BytesIO(case)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    file = folder / "changed.zip"
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        changed, how = chance.choice((_with_changed_member, _with_odd_member, _with_changed_bytes))(files, chance)
        file.write_bytes(changed)
        try:
            with open_archive(file) as archive_of_case:
                open_sound(archive_of_case, read_case(archive_of_case), LIMITS, folder)
        except AppError:
            continue
        except Exception:  # noqa: BLE001 - it is what is looked for
            yield f"{how}: {traceback.format_exc(limit=-2)}"


def _with_changed_member(files: Mapping[str, bytes], chance: random.Random) -> tuple[bytes, str]:
    """Change one JSON file, mostly with a manifest that fits it."""
    name = chance.choice([each for each in files if each.endswith(".json")])
    content = json_text(changed_json(json.loads(files[name]), chance), chance)
    changed = {**files, name: content}
    if name != "manifest.json" and chance.random() < 0.9:
        changed["manifest.json"] = _fitting_manifest(changed)
    return _zipped(list(changed.items())), f"{name} is {content[:200]!r}"


def _fitting_manifest(files: Mapping[str, bytes]) -> bytes:
    manifest = json.loads(files["manifest.json"])
    for each in manifest["files"]:
        content = files[each["name"]]
        each |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(manifest).encode()


def _with_odd_member(files: Mapping[str, bytes], chance: random.Random) -> tuple[bytes, str]:
    """Rename, double, drop or empty a file, or add one of any name."""
    name, other = chance.choice(list(files)), hostile_name(chance).replace("\ud800", "?")
    members = list(files.items())
    ways: Mapping[str, Callable[[], list[tuple[str, bytes]]]] = {
        "renamed": lambda: [(other if each == name else each, content) for each, content in members],
        "doubled": lambda: [*members, (name, files[name])],
        "dropped": lambda: [each for each in members if each[0] != name],
        "empty": lambda: [(each, b"" if each == name else content) for each, content in members],
        "added": lambda: [*members, (other, b"x")],
        "exchanged": lambda: [(each, files[name]) for each, _content in members],
    }
    way = chance.choice(list(ways))
    return _zipped(ways[way]()), f"{name} {way} ({other!r})"


def _with_changed_bytes(files: Mapping[str, bytes], chance: random.Random) -> tuple[bytes, str]:
    content = bytearray(_zipped(list(files.items())))
    places = [chance.randrange(len(content)) for _ in range(chance.choice((1, 4, 32)))]
    for place in places:
        content[place] = chance.choice((0, 0xFF, 0x7F, 0x80, content[place] ^ 1 << chance.randrange(8)))
    return bytes(content), f"bytes {places}"


def _zipped(members: list[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name.split("\0")[0] or "_", content)
    return target.getvalue()
