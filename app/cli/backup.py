"""`python -m app backup FILE` and `python -m app restore FILE`: back up and restore what cannot be recreated."""

from __future__ import annotations

from pathlib import Path

from app.settings import Settings
from app.support.backup import Places, back_up, restore

BYTES_PER_MB = 1_000_000


def make_backup(settings: Settings, file: Path, *, recordings: bool) -> int:
    """Write a backup; the server may be running."""
    manifest = back_up(_places(settings), file, recordings=recordings)
    size = file.stat().st_size / BYTES_PER_MB
    what = "database, settings, logs" + (" and recordings" if recordings else "")
    print(f"{file}: {what}; {len(manifest.files)} files, {size:.1f} MB")
    if not recordings:
        print("The recordings are not in it; --recordings takes them along.")
    print("Never in it: models, uploads that are under way, and support cases.")
    return 0


def restore_backup(settings: Settings, file: Path) -> int:
    """Replace the present data with a backup; the server must not be running."""
    manifest, aside = restore(file, _places(settings))
    print(f"{settings.data_dir}: as it was at {manifest.made_at} ({len(manifest.files)} files restored)")
    if aside:
        print(f"What was there before lies in {aside}.")
    print(
        "Recordings that came after the backup are kept: the next start puts them aside, and `recover` brings them back."
    )
    return 0


def _places(settings: Settings) -> Places:
    return Places(settings.data_dir, settings.log_dir, bool(settings.database_url), settings.files_url)
