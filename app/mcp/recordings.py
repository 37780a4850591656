"""Which recordings a caller may have read: any file of the person who started the program, or those of one folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from app.domain.errors.audio import FileUnreadable
from app.domain.errors.batches import ImportOff
from app.domain.errors.people import NotPermitted
from app.domain.people import Permission, current_actor
from app.services.batches.server_folder import display, open_below


@contextmanager
def open_any(path: str) -> Iterator[tuple[str, BinaryIO]]:
    """Open a file with the rights of this process.

    Raises:
        FileUnreadable: it cannot be opened, or is no regular file.
    """
    place = _place(path)
    with open_below(Path(place.anchor), place) as file:
        yield place.name, file


def opener_below(root: Callable[[], Path | None]) -> Callable[[str], AbstractContextManager[tuple[str, BinaryIO]]]:
    """Return what opens files below the folder `root()`, by whole or relative paths.

    It raises ImportOff without a folder, and NotPermitted for those who may not see what lies on the server.
    """

    @contextmanager
    def open_one(path: str) -> Iterator[tuple[str, BinaryIO]]:
        if Permission.ADMIN not in current_actor().permissions:
            raise NotPermitted
        top = root()
        if top is None:
            raise ImportOff
        place = _place(path, top)
        with open_below(top, place) as file:
            yield place.name, file

    return open_one


def _place(path: str, folder: Path | None = None) -> Path:
    try:
        place = Path(folder or Path.cwd(), Path(path).expanduser())
        return place.resolve()
    except (OSError, ValueError, RuntimeError) as error:  # null bytes; a home that is not known
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileUnreadable(file=display(Path(path.replace("\0", "?"))), reason=reason) from error
