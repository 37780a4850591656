"""A package index on loopback with tiny wheels, which can miss a file, serve another one or drop the connection."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread
from typing import ClassVar

ZIP_START = (2026, 1, 1, 0, 0, 0)


def tiny_wheel(name: str, version: str, *, requires: tuple[str, ...] = (), size: int = 0, code: str = "") -> bytes:
    """Return a wheel with one module that knows its version and runs `code`, and `size` more bytes."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"__version__ = {version!r}\n{code}".encode(),
        f"{name}/weight.bin": random.Random(size).randbytes(size),  # zeros would take no room
        f"{info}/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
            + [f"Requires-Dist: {one}" for one in requires]
            + [""]
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    return packed(recorded(files, info))


def wheel_of_installed(name: str) -> bytes:
    """Return the wheel of a package that this environment has."""
    own = distribution(name)
    made_by_pip = (".pyc", "INSTALLER", "REQUESTED", "RECORD")
    paths = [file for file in own.files or [] if not str(file).startswith("..") and not str(file).endswith(made_by_pip)]
    files = {str(path): Path(str(own.locate_file(path))).read_bytes() for path in paths}
    return packed(recorded(files, f"{name}-{own.version}.dist-info"))


def recorded(files: dict[str, bytes], info: str) -> dict[str, bytes]:
    rows = [f"{path},,{len(content)}" for path, content in files.items()]
    return {**files, f"{info}/RECORD": "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()}


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, ZIP_START), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


class PackageIndex:
    """Files by folder (`simple` and `cpu` are indexes of their own) and file name."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {"simple": {}, "cpu": {}}
        self.missing: set[str] = set()
        """File names that are listed but not given."""
        self.breaks: Counter[str] = Counter()
        """How often the line breaks in the middle of a file from now on."""
        self.requests: Counter[str] = Counter()
        self.address = ""

    def add(
        self,
        name: str,
        version: str,
        *,
        folder: str = "simple",
        size: int = 0,
        requires: tuple[str, ...] = (),
    ) -> None:
        self.files[folder][f"{name}-{version}-py3-none-any.whl"] = tiny_wheel(
            name, version, size=size, requires=requires
        )

    def requirement(self, name: str, version: str) -> str:
        """Return the line of a lock for this file."""
        digest = hashlib.sha256(self.files["simple"][f"{name}-{version}-py3-none-any.whl"]).hexdigest()
        return f"{name}=={version} \\\n    --hash=sha256:{digest}\n"

    def page(self, folder: str, name: str) -> str:
        """Return the index's page of a package."""
        prefix = name.replace("-", "_") + "-"
        return "".join(
            f'<a href="/files/{folder}/{file.replace("+", "%2B")}#sha256={hashlib.sha256(content).hexdigest()}">{file}</a>\n'
            for file, content in self.files[folder].items()
            if file.startswith(prefix)
        )

    @contextmanager
    def serving(self) -> Iterator[PackageIndex]:
        handler = type("Handler", (_Handler,), {"index": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    index: ClassVar[PackageIndex]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        kind, *rest = self.path.replace("%2B", "+").strip("/").split("/")
        if kind == "files":
            self.give_file(*rest)
        elif page := self.index.page(kind, rest[0]):
            self.give(page.encode(), {"Content-Type": "text/html"})
        else:
            self.send_error(404)

    def give_file(self, folder: str, name: str) -> None:
        self.index.requests[name] += 1
        if name in self.index.missing:
            self.send_error(404)
            return
        content = self.index.files[folder][name]
        # The headers by which PyPI lets pip keep and resume a file.
        kept = {"Cache-Control": "max-age=365000000", "ETag": '"1"', "Accept-Ranges": "bytes"}
        begin = 0
        if wanted := self.headers.get("Range"):
            begin = int(wanted.removeprefix("bytes=").split("-")[0])
            kept["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self.give(content[begin:], kept, status=206 if wanted else 200, breaks=self.index.breaks[name] > 0)
        self.index.breaks[name] -= 1

    def give(self, content: bytes, headers: dict[str, str], *, status: int = 200, breaks: bool = False) -> None:
        self.send_response(status)
        for header, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if breaks else content)
