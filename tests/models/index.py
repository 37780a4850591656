"""A package index on the loopback address, used by the real pip, and wheels of a few kilobytes for it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from app.hubs.packed import Package, PackedFile, PackedModel, Piece

VERSION = "1.0.0"


@dataclass
class Index:
    """What the index holds and how it misbehaves."""

    address: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Project name to its files."""
    stalls: str = ""
    """Project whose file stops coming in the middle, until `go` is set."""
    stalled: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)
    login: str = ""
    """`user:password` that every request must bring."""
    wrong_fragment: bool = False
    """Announce another hash than the file has."""
    asked: list[str] = field(default_factory=list)

    def offer(self, model: PackedModel, contents: Mapping[str, Mapping[str, bytes]]) -> None:
        """Hold a wheel for each package: its name to its members."""
        for package in model.packages:
            name = f"{package.wheel_prefix}py3-none-any.whl"
            self.files[package.name] = {name: wheel(package.name, contents[package.name])}

    def environment(self) -> dict[str, str]:
        """What makes pip ask here and nowhere else."""
        return {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{self.address}/simple/",
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_NO_INDEX": "",
            "NO_PROXY": "127.0.0.1",
        }


def wheel(name: str, members: Mapping[str, bytes]) -> bytes:
    """Return a wheel that does harm if anybody runs or builds it."""
    module, stored = name.replace("-", "_"), io.BytesIO()
    info = f"{module}-{VERSION}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\nRequires-Dist: no-such-package-anywhere\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/__init__.py", "raise SystemExit('never imported')\n")
        archive.writestr("../../outside.txt", "never written")
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return stored.getvalue()


def packed(files: Mapping[str, bytes], big: str) -> tuple[PackedModel, dict[str, dict[str, bytes]]]:
    """Return a model in two packages, the file `big` cut in halves, and what the packages hold."""
    half = len(files[big]) // 2
    first = {f"tiny_part1/data/{name}": content for name, content in files.items() if name != big}
    first[f"tiny_part1/data/{big}.1"] = files[big][:half]
    second = {f"tiny_part2/data/{big}.2": files[big][half:]}
    pieces = {name: (Piece("tiny-part1", f"tiny_part1/data/{name}"),) for name in files if name != big}
    halves = (
        Piece("tiny-part1", f"tiny_part1/data/{big}.1"),
        Piece("tiny-part2", f"tiny_part2/data/{big}.2"),
    )
    listed = tuple(
        PackedFile(name, pieces.get(name, halves), len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    )
    contents = {"tiny-part1": first, "tiny-part2": second}
    packages = tuple(Package(name, VERSION, len(wheel(name, members))) for name, members in contents.items())
    return PackedModel(packages, listed), contents


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: Index

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.index.asked.append(self.path)
        kind, _, rest = self.path.strip("/").partition("/")
        if self.index.login and not self._is_allowed():
            self._answer(401, b"", {"WWW-Authenticate": "Basic"})
        elif kind == "simple" and rest.strip("/") in self.index.files:
            self._answer(200, self._page(rest.strip("/")), {"Content-Type": "text/html"})
        elif kind == "files":
            project, _, name = rest.partition("/")
            self._send(self.index.files[project][name], is_stalling=project == self.index.stalls)
        else:
            self._answer(404, b"")

    def _is_allowed(self) -> bool:
        token = base64.b64encode(self.index.login.encode()).decode()
        return self.headers.get("Authorization") == f"Basic {token}"

    def _page(self, project: str) -> bytes:
        links = []
        for name, content in self.index.files[project].items():
            digest = "0" * 64 if self.index.wrong_fragment else hashlib.sha256(content).hexdigest()
            links.append(f'<a href="/files/{project}/{name}#sha256={digest}">{name}</a>')
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()

    def _send(self, content: bytes, *, is_stalling: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if is_stalling:
            self.index.stalled.set()
            self.index.go.wait()
        self.wfile.write(content[half:])

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Somebody who hangs up in the middle is what some tests want."""


@contextmanager
def loopback_index() -> Iterator[Index]:
    index = Index()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"index": index}))
    index.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.go.set()
        server.shutdown()
        server.server_close()
        thread.join()
