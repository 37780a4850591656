"""Copies what a data folder holds to an object store: recordings, unfinished uploads and open live sessions.

What is there already in the same size is passed over, so that a copy that broke off goes on. Nothing is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from app.store.files.description import ARRIVING_NAME
from app.store.files.live_wav import HEADER_BYTES
from app.store.files.recordings import FOLDER, LIVE_NAME
from app.store.objects.bucket import Bucket
from app.store.objects.pieces import Pieces
from app.store.objects.recordings import LIVE
from app.store.objects.uploads import UPLOADS


def copy_recordings(bucket: Bucket, data_dir: Path, is_live: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    """Copy the recordings that were acknowledged; yield the id of each, and the bytes that were sent for it.

    Raises:
        StoreUnusable: those before are copied.
    """
    for folder in sorted((data_dir / FOLDER).glob("*")):
        if (folder / ARRIVING_NAME).exists():
            continue
        if is_live(folder.name):
            sound = (folder / LIVE_NAME).read_bytes()[HEADER_BYTES:]
            Pieces(bucket, f"{LIVE}/{folder.name}").put(0, 0, sound)
            yield folder.name, len(sound)
        else:
            yield folder.name, _copied(bucket, folder)


def copy_uploads(bucket: Bucket, data_dir: Path) -> int:
    """Copy what has arrived of uploads in chunks; return their number."""
    files = list((data_dir / "uploads").glob("*"))
    for file in files:
        if file.stat().st_size:
            bucket.put_file(Pieces(bucket, f"{UPLOADS}/{file.name}").key(0, 0), file)
    return len(files)


def _copied(bucket: Bucket, folder: Path) -> int:
    """Copy the files of a recording, its source last; return the bytes that were sent."""
    place = f"{FOLDER}/{folder.name}"
    there = {each.key: each.size for each in bucket.below(place)}
    kept = [path for path in folder.iterdir() if path.suffix in (".json", ".log") or path.stem == "source"]
    sent = 0
    for path in sorted(kept, key=lambda path: path.stem == "source"):
        key, size = f"{place}/{path.name}", path.stat().st_size
        if size and there.get(key) != size:
            bucket.put_file(key, path)
            sent += size
    return sent
