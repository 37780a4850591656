"""Reads multipart/form-data as a stream: parts go to a sink as they arrive, nothing is kept in memory or /tmp.

It knows nothing about files, fields or limits: the sink decides what a part means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile, UploadInterrupted

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# For file names without a declared encoding: browsers send UTF-8, old programs on Chinese Windows GBK.
FALLBACK_ENCODINGS = ("utf-8", "gb18030")


class PartSink(Protocol):
    """Receives the parts of a form in order."""

    def begin_part(self, name: str, file_name: str | None, content_type: str) -> None: ...

    def part_data(self, data: bytes) -> None: ...

    def end_part(self) -> None: ...


class MultipartReader:
    """Feeds the parts of one request body to a sink."""

    def __init__(self, content_type: str, sink: PartSink) -> None:
        self._sink = sink
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._complete = False
        self._parser = _parser(content_type, self)

    def feed(self, chunk: bytes) -> None:
        """Feed the next bytes of the body.

        Raises:
            InvalidParameter: not valid multipart/form-data.
            Exception: whatever the sink raises.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise InvalidParameter(name="body", reason=N_("it is not well-formed multipart form data")) from error

    def finish(self) -> None:
        """Signal the end of the body.

        Raises:
            UploadInterrupted: the form was incomplete.
        """
        if not self._complete:
            raise UploadInterrupted

    # Callbacks of the parser

    def on_part_begin(self) -> None:
        self._headers = {}

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def on_headers_finished(self) -> None:
        content_type = self._headers.get(b"content-type", b"").decode("latin-1")
        self._sink.begin_part(*part_names(self._headers.get(b"content-disposition", b"")), content_type)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._sink.part_data(data[start:end])

    def on_part_end(self) -> None:
        self._sink.end_part()

    def on_end(self) -> None:
        self._complete = True


def part_names(disposition: bytes) -> tuple[str, str | None]:
    """Return the field name and the file name (None if absent) of a Content-Disposition header.

    File names come as raw UTF-8 with `%22` for quotes (browsers), with backslashes (curl), or as `filename*`
    (RFC 5987 and 2231), which takes precedence.
    """
    header = Message()
    header["content-disposition"] = _decoded(disposition)
    found = header.get_params(failobj=[], header="content-disposition")
    names: Mapping[str, object] = dict(sorted(found, key=lambda pair: isinstance(pair[1], tuple)))
    file_name = names.get("filename")
    return _text(names.get("name", "")), None if file_name is None else _text(file_name)


def _parser(content_type: str, reader: MultipartReader) -> MultipartParser:
    try:
        kind, options = parse_options_header(content_type)
    except (ValueError, LookupError) as error:
        raise InvalidParameter(name="Content-Type", reason=N_("it cannot be read")) from error
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise NoFile
    callbacks: MultipartCallbacks = {
        "on_part_begin": reader.on_part_begin,
        "on_header_field": reader.on_header_field,
        "on_header_value": reader.on_header_value,
        "on_header_end": reader.on_header_end,
        "on_headers_finished": reader.on_headers_finished,
        "on_part_data": reader.on_part_data,
        "on_part_end": reader.on_part_end,
        "on_end": reader.on_end,
    }
    try:
        return MultipartParser(options[b"boundary"], callbacks)
    except FormParserError as error:
        raise InvalidParameter(name="Content-Type", reason=N_("its boundary is too long")) from error


def _decoded(raw: bytes) -> str:
    for encoding in FALLBACK_ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _text(value: object) -> str:
    if isinstance(value, tuple):
        try:
            return collapse_rfc2231_value(value, errors="replace", fallback_charset="utf-8")
        except (ValueError, LookupError):  # a character set that there is not, or that decodes no text
            return collapse_rfc2231_value(("utf-8", *value[1:]), errors="replace", fallback_charset="utf-8")
    escapes = {"%22": '"', "%0d": "\r", "%0a": "\n"}
    return re.sub("%22|%0d|%0a", lambda match: escapes[match[0].lower()], str(value), flags=re.IGNORECASE)
