"""The log: one line per event in logs/app.log, and a copy of a job's own lines in that job's folder.

Several processes may write the same file (the server, a separate worker): every line is written under a lock
between processes, and a file that another process rotated is opened again. A process that does not call
`setup_logging` (the inference process, the decoding process) sends its warnings to stderr and its errors to its
parent, which logs them. Recognised text and the contents of files are never logged.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

LOG_NAME = "app.log"
JOB_LOG_NAME = "job.log"
OLD_FILES_KEPT = 5
BYTES_PER_MB = 1024 * 1024

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_job_id: ContextVar[str] = ContextVar("job_id", default="")

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_VALUE = re.compile(r"[^\s\"'=\\]+")


def setup_logging(log_dir: Path, level: str = "INFO", file_mb: int = 10, *, as_json: bool = False) -> None:
    """Log this process to app.log in `log_dir`, and warnings to stderr as well; with `as_json` all of it, as JSON.

    Other packages never log below INFO: the debug lines of some contain what a person said.
    A second call replaces the first.
    """
    close_logging()
    log_dir.mkdir(parents=True, exist_ok=True)
    file, console = _SharedFile(log_dir / LOG_NAME, file_mb), logging.StreamHandler()
    console.setLevel(logging.NOTSET if as_json else logging.WARNING)
    for handler, formatter in ((file, LineFormatter()), (console, JsonFormatter() if as_json else LineFormatter())):
        handler.setFormatter(formatter)
        handler.set_name(f"app.logging:{type(handler).__name__}")
        logging.getLogger().addHandler(handler)
    adjust_logging(level, file_mb)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # our request log has more details


def adjust_logging(level: str, file_mb: int) -> None:
    """Apply another level and file size from the next line on."""
    threshold = logging.getLevelNamesMapping()[level]
    logging.getLogger().setLevel(max(threshold, logging.INFO))
    logging.getLogger("app").setLevel(threshold)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _SharedFile):
            handler.maxBytes = file_mb * BYTES_PER_MB


def close_logging() -> None:
    """Remove what `setup_logging` installed."""
    for handler in list(logging.getLogger().handlers):
        if (handler.get_name() or "").startswith("app.logging:"):
            logging.getLogger().removeHandler(handler)
            handler.close()


@contextmanager
def bound(*, request: str | None = None, job: str | None = None) -> Iterator[None]:
    """Add a request id, a job id, or both to every line logged by this thread or task inside the block.

    A new thread starts with neither and binds its own.
    """
    bindings = [(_request_id, request), (_job_id, job)]
    tokens = [(variable, variable.set(value)) for variable, value in bindings if value is not None]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def current_request_id() -> str:
    """Return the id of the current request, or an empty string outside of one."""
    return _request_id.get()


def event(
    logger: logging.Logger,
    level: int,
    name: str,
    /,
    *,
    exc_info: BaseException | bool = False,
    **fields: object,
) -> None:
    """Log one event, for example `event(log, INFO, "segment_finished", index=3, seconds=1.2)`.

    A field named `job` or `request` overrides the bound id. `exc_info` adds a traceback: of the exception being handled
    (True) or of the given one.
    """
    logger.log(level, "%s", name, exc_info=exc_info, extra={"fields": fields}, stacklevel=2)


@contextmanager
def job_logs(folder_of: Callable[[str], Path]) -> Iterator[None]:
    """Copy the lines of each job to job.log in the folder `folder_of(job id)` during the block."""
    handler = JobLogHandler(folder_of)
    handler.setFormatter(LineFormatter())
    logger = logging.getLogger("app")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


class LineFormatter(logging.Formatter):
    """`2026-11-22T18:57:01.123Z INFO request=ab12 job=cd34 app.services.worker.worker segment_finished index=3`.

    One event is one line: control characters are escaped. Only a traceback follows, indented.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields, request, job = _parts(record)
        message, traceback = self._split(record)
        words = [_moment(record), record.levelname, f"request={request or '-'}", f"job={job or '-'}"]
        words += [record.name, message]
        words += [f"{name}={_quoted(value)}" for name, value in fields.items()]
        return _one_line(" ".join(words)) + "".join(f"\n    {_one_line(line)}" for line in traceback)

    def _split(self, record: logging.LogRecord) -> tuple[str, list[str]]:
        """Return the message and the lines of its traceback; uvicorn logs tracebacks as messages."""
        message = record.getMessage()
        if message.startswith("Traceback (most recent call last):\n"):
            return "traceback", message.splitlines()
        if record.exc_info and record.exc_info[0]:
            return message, self.formatException(record.exc_info).splitlines()
        return message, []


class JsonFormatter(LineFormatter):
    """One JSON object on a line: `time`, `level`, `logger`, `event`, `request`, `job`, `fields`, `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        fields, request, job = _parts(record)
        message, traceback = self._split(record)
        told: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "event": message,
        }
        told |= {name: value for name, value in (("request", request), ("job", job)) if value}
        if fields:
            told["fields"] = {name: _as_json(value) for name, value in fields.items()}
        if traceback:
            told["traceback"] = "\n".join(traceback)
        return json.dumps(told, ensure_ascii=True)


class JobLogHandler(logging.Handler):
    """Appends lines with a job id to that job's own log; a deleted job's folder is not recreated."""

    def __init__(self, folder_of: Callable[[str], Path]) -> None:
        super().__init__()
        self._folder_of = folder_of

    def emit(self, record: logging.LogRecord) -> None:
        job = getattr(record, "fields", {}).get("job") or _job_id.get()
        if not job:
            return
        try:
            path = self._folder_of(str(job)) / JOB_LOG_NAME
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(self.format(record) + "\n")
        except FileNotFoundError:
            return  # the job was deleted meanwhile
        except Exception:  # noqa: BLE001 - logging's own contract: a log never breaks the program
            self.handleError(record)


class _SharedFile(RotatingFileHandler):
    """A log file that rotates by size and may be shared by several processes."""

    def __init__(self, path: Path, file_mb: int) -> None:
        self._lock_file: TextIO = path.with_name(f".{path.name}.lock").open("w")
        super().__init__(
            path,
            maxBytes=file_mb * BYTES_PER_MB,
            backupCount=OLD_FILES_KEPT,
            encoding="utf-8",
            errors="backslashreplace",  # a file name may contain bytes that are not UTF-8
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; on failure report to stderr and retry with the next: never raise."""
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                self._follow_rotation()
                super().emit(record)
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)
        except Exception:  # noqa: BLE001 - a log that cannot be written never breaks what it observes
            self.handleError(record)

    def close(self) -> None:
        super().close()
        self._lock_file.close()

    def _follow_rotation(self) -> None:
        """Reopen the file if it was renamed or removed, or could not be opened before."""
        if self.stream is not None and not _is_open_at(self.stream, self.baseFilename):
            stream, self.stream = self.stream, None  # a failure to open leaves nothing closed behind
            stream.close()
        if self.stream is None:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            self.stream = self._open()


def _is_open_at(stream: TextIO, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.stat(path))  # noqa: PTH116 - beside fstat
    except FileNotFoundError:
        return False


def _parts(record: logging.LogRecord) -> tuple[dict[str, object], str, str]:
    """Return the fields of an event, and the ids of its request and its job; empty for none."""
    fields = dict(getattr(record, "fields", {}))
    request = fields.pop("request", None) or _request_id.get()
    job = fields.pop("job", None) or _job_id.get()
    return fields, str(request), str(job)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _as_json(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
