"""Sends the request of a case to a server once more, in the dialect of the program that has sent it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from app.domain.client_request import REPLAYED_HEADERS, ClientRequest, FormPart
from app.domain.errors.base import N_
from app.domain.errors.cases import CaseDamaged
from app.domain.errors.requests import InvalidParameter
from app.engine import SAMPLE_RATE
from app.support.case.archive import CaseArchive, open_archive
from app.support.case.client_request import REQUEST
from app.support.case.log import LEFT_OUT
from app.support.replay.socket_dialects import SOCKETS, speak_socket

FILE_FIELDS = ("file", "audio_file")
PATHS = ("/v1/", "/openai/", "/asr/", "/detect-language/", "/ws/funasr/")
"""What a path may begin with: a case comes from anybody, and must not name another server."""
TOLD_HEADERS = ("content-type", "x-funasr-receipt", "x-request-id", "location", "retry-after")
LONGEST_ANSWER = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a server answered."""

    address: str
    status: int
    headers: Mapping[str, str]
    """Of TOLD_HEADERS."""
    body: str
    left_out: tuple[str, ...]
    """Names of fields that the case does not hold, so that they were not sent."""
    was_success: bool
    """Whether the recorded job had succeeded."""

    @property
    def is_same(self) -> bool:
        """Return whether the outcome is of the recorded kind."""
        return (self.status < 400) == self.was_success

    def to_dict(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("address", "status", "body", "left_out")}
        return told | {"headers": dict(self.headers), "is_same": self.is_same}


def speak(file: Path, url: str) -> Spoken:
    """Send the request of a case to the server at `url`.

    Raises:
        CaseUnreadable, CaseDamaged: it is not a case, or was changed.
        InvalidParameter: it holds no such request, no sound, or the server cannot be reached.
    """
    with open_archive(file) as archive, tempfile.TemporaryDirectory(prefix="funasr-replay-") as folder:
        archive.check()
        request = _request_of(archive)
        sound = _sound_of(archive, Path(folder))
        left_out = tuple(part.name for part in request.parts if not _is_sent(part))
        was_success = (archive.json("job.json") or {}).get("state") == "succeeded"
        if request.path in SOCKETS:
            address, status, answer = speak_socket(url, request, sound)
            return Spoken(address, status, {}, answer, left_out, was_success)
        body, content_type = _write_form(request, sound, Path(folder) / "form")
        address = url.rstrip("/") + _path_of(request)
        status, headers, answer = _post(address, body, dict(request.headers) | {"content-type": content_type})
    return Spoken(address, status, headers, answer, left_out, was_success)


def _request_of(archive: CaseArchive) -> ClientRequest:
    told = archive.json(REQUEST)
    if told is None:
        raise InvalidParameter(name="--url", reason=N_("the case holds no request of another program"))
    try:
        request = ClientRequest.from_dict(told)
        headers = {name: str(request.headers[name]) for name in REPLAYED_HEADERS if name in request.headers}
        is_known = f"{request.path}/".startswith(PATHS)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CaseDamaged(file=str(archive.file), names=REQUEST) from error
    if not is_known:
        raise CaseDamaged(file=str(archive.file), names=REQUEST)
    return replace(request, headers=headers)


def _sound_of(archive: CaseArchive, folder: Path) -> Path:
    name = archive.manifest["audio"].get("file")
    if name:
        sound = folder / f"sound{Path(name).suffix}"
        archive.copy(name, sound)
        return sound
    if archive.manifest.get("job"):
        raise InvalidParameter(name="--url", reason=N_("the case has no sound to send"))
    return _silence(folder / "silence.wav")  # of a refused request nothing was kept


def _silence(file: Path) -> Path:
    with wave.open(str(file), "wb") as recording:
        recording.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        recording.writeframes(bytes(2 * SAMPLE_RATE))
    return file


def _path_of(request: ClientRequest) -> str:
    sent = [(name, value) for name, value in request.query if LEFT_OUT not in (name, value)]
    query = urllib.parse.urlencode(sent)
    return urllib.parse.quote(request.path) + (f"?{query}" if query else "")


def _write_form(request: ClientRequest, sound: Path, target: Path) -> tuple[Path, str]:
    """Write the body of the request, with the sound of the case in place of the file."""
    boundary = secrets.token_hex(16)
    with target.open("wb") as body:
        for lines, file in _parts(request, sound):
            body.write(f"--{boundary}\r\n{lines}\r\n\r\n".encode())
            _copy(file, body)
            body.write(b"\r\n")
        body.write(f"--{boundary}--\r\n".encode())
    return target, f"multipart/form-data; boundary={boundary}"


def _parts(request: ClientRequest, sound: Path) -> Iterator[tuple[str, Path | str]]:
    """Yield the headers and the content of each part, in the recorded order."""
    for part in request.parts:
        if not _is_sent(part):
            continue
        disposition = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
        kind = f"\r\nContent-Type: {part.content_type}" if part.content_type else ""
        if part.value is not None:
            yield disposition + kind, part.value
        else:
            name = "" if part.file_name is None else f'; filename="{_quoted(part.file_name)}"'
            yield disposition + name + kind, sound


def _is_sent(part: FormPart) -> bool:
    """Return whether the case holds this part; of a file the sound takes the place."""
    return LEFT_OUT not in (part.name, part.value) and (part.value is not None or part.name in FILE_FIELDS)


def _copy(content: Path | str, body: IO[bytes]) -> None:
    if isinstance(content, str):
        body.write(content.encode(errors="replace"))
        return
    with content.open("rb") as file:
        shutil.copyfileobj(file, body)


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _post(address: str, body: Path, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
    if not address.startswith(("http://", "https://")):
        raise InvalidParameter(name="--url", reason=N_("it is no address of a server"))
    length = {"content-length": str(body.stat().st_size)}
    with body.open("rb") as form:
        request = urllib.request.Request(address, form, dict(headers) | length, method="POST")  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return answer.status, _told(answer.headers), _text(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, _told(refusal.headers), _text(refusal)
        except (OSError, ValueError) as error:
            raise InvalidParameter(name="--url", reason=str(error)) from error


def _told(headers: Any) -> dict[str, str]:
    return {name: headers[name] for name in TOLD_HEADERS if headers[name]}


def _text(answer: Any) -> str:
    return str(answer.read(LONGEST_ANSWER).decode(errors="replace"))
