"""A hub on the loopback address: serves the clients of Hugging Face and ModelScope, and plain HTTP.

It can cut connections, send wrong bytes, ignore ranges, refuse and stall; it records every request.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
CHUNK = 4096


@dataclass
class Asked:
    """One request for bytes."""

    path: str
    begin: int
    authorization: str


@dataclass
class HubState:
    """What the hub offers and how it misbehaves."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    archives: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off, one for each answer with a body this long."""
    wrong: set[str] = field(default_factory=set)
    """Files whose bytes are not the announced ones."""
    extra_names: list[str] = field(default_factory=list)
    """Names that listings hold beside the real files."""
    status: dict[str, int] = field(default_factory=dict)
    """Path ending to the status it answers with."""
    forgets_ranges: bool = False
    tells_size: bool = True
    go: Event = field(default_factory=Event)
    """Clear: bodies stop after their first chunk until it is set."""
    stall: bool = False
    asked: list[Asked] = field(default_factory=list)
    token: str = ""

    sent: Counter[str] = field(default_factory=Counter)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubState
    query: dict[str, list[str]]

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path, self.query = unquote(parts.path), parse_qs(parts.query)
        refusal = next((status for end, status in self.hub.status.items() if path.endswith(end)), None)
        if refusal is None and self.hub.token and not path.startswith("/cdn/"):
            refusal = None if self.headers.get("Authorization", "").endswith(self.hub.token) else 401
        if refusal is not None:
            self._json({"error": "no", "Message": "no", "Code": refusal}, refusal)
            return
        for pattern, answer in self.routes.items():
            if match := re.fullmatch(pattern, path):
                getattr(self, answer)(*match.groups())
                return
        self._not_found()

    routes: ClassVar = {
        r"/api/models/([^/]+/[^/]+)": "_huggingface_listing",
        r"/([^/]+/[^/]+)/resolve/\w+/(.+)": "_redirect",
        r"/cdn/([^/]+/[^/]+)/(.+)": "_file",
        r"/api/v1/models/([^/]+/[^/]+)/repo/files": "_modelscope_listing",
        r"/api/v1/models/([^/]+/[^/]+)/repo": "_modelscope_file",
        r"/wenet/(.+)\.tar\.gz": "_archive",
    }

    def _file(self, id: str, name: str) -> None:
        self._bytes(f"{id}/{name}", self.hub.repositories[id][name], name)

    def _modelscope_file(self, id: str) -> None:
        self._file(id, self.query["FilePath"][0])

    def _archive(self, id: str) -> None:
        if id in self.hub.archives:
            self._bytes(id, self.hub.archives[id], "archive")
        else:
            self._not_found()

    def _not_found(self) -> None:
        self._json({"error": "not found", "Message": "not found", "Code": 404}, 404)

    def _huggingface_listing(self, id: str) -> None:
        if id not in self.hub.repositories:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self._end(b'{"error": "Repository not found"}')
            return
        siblings = []
        for name, content in self.hub.repositories[id].items():
            item: dict[str, Any] = {"rfilename": name, "size": len(content)}
            item["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            if name.endswith(".pt"):
                digest = hashlib.sha256(content).hexdigest()
                item["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
            siblings.append(item)
        siblings += [{"rfilename": name, "size": 1, "blobId": "0" * 40} for name in self.hub.extra_names]
        self._json({"id": id, "sha": REVISION, "siblings": siblings})

    def _modelscope_listing(self, id: str) -> None:
        if id not in self.hub.repositories:
            self._not_found()
            return
        files = [
            {
                "Path": name,
                "Size": len(content),
                "Sha256": hashlib.sha256(content).hexdigest(),
                "Type": "blob",
            }
            for name, content in self.hub.repositories[id].items()
        ]
        files += [{"Path": name, "Size": 1, "Sha256": "0" * 64, "Type": "blob"} for name in self.hub.extra_names]
        files.append({"Path": "example", "Size": 0, "Type": "tree"})
        self._json({"Code": 200, "Success": True, "Data": {"Files": files}})

    def _redirect(self, id: str, name: str) -> None:
        """To another host name of the same server, as real hubs hand over to their CDN."""
        port = self.server.server_address[1]
        self.send_response(302)
        self.send_header("Location", f"http://localhost:{port}/cdn/{id}/{name}")
        self._end(b"")

    def _bytes(self, path: str, content: bytes, name: str) -> None:
        begin = 0
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", etag) == etag
        if asked and same and not self.hub.forgets_ranges:
            begin = int(asked[1])
        self.hub.asked.append(Asked(path, int(asked[1]) if asked else 0, self.headers.get("Authorization", "")))
        if begin >= len(content) and begin:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self._end(b"")
            return
        body = content[begin:]
        if name in self.hub.wrong:
            body = bytes(byte ^ 1 for byte in body)
        self.send_response(206 if begin else 200)
        self.send_header("ETag", etag)
        if self.hub.tells_size:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self._send(name, body)

    def _send(self, name: str, body: bytes) -> None:
        limit = len(body)
        if self.hub.cuts and len(body) > self.hub.cuts[0]:
            limit = self.hub.cuts.pop(0)
        try:
            for place in range(0, limit, CHUNK):
                chunk = body[place : min(place + CHUNK, limit)]
                self.wfile.write(chunk)
                self.hub.sent[name] += len(chunk)
                if self.hub.stall and not self.hub.go.is_set():
                    self.wfile.flush()
                    self.hub.go.wait(60)
        except OSError:
            self.close_connection = True
            return
        if limit < len(body) or not self.hub.tells_size:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _json(self, answer: Any, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self._end(json.dumps(answer).encode())

    def _end(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@dataclass
class LoopbackHub(HubState):
    """The hub with its address."""

    address: str = ""

    def offer(self, id: str, files: dict[str, bytes]) -> None:
        self.repositories[id] = files

    def environment(self, home: Path) -> dict[str, str]:
        """What a child process needs to ask this hub and no other."""
        return {
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(home / "hf"),
            "MODELSCOPE_ENDPOINT": self.address,
            "MODELSCOPE_HOME": str(home / "modelscope"),
            "FUNASR_WENET_MIRROR": f"{self.address}/wenet/{{name}}.tar.gz",
            "NO_PROXY": "*",
        }


@contextmanager
def loopback_hub() -> Iterator[LoopbackHub]:
    hub = LoopbackHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield hub
        finally:
            hub.go.set()
            server.shutdown()
            thread.join()


def tar_gz(files: dict[str, bytes], *members: tarfile.TarInfo) -> bytes:
    """Return an archive of these files, and of members that have no content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member
