"""The secret that signs messages to receivers named by uploads; made when it is first asked for."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from app.atomic import write_atomically
from app.store.files.storage_errors import storage_errors

NAME = "webhook-secret"
BYTES = 24
PREFIX = "whsec_"  # how Standard Webhooks marks a secret


def own_secret(data_dir: Path) -> str:
    """Return the secret of this data folder.

    Raises:
        DiskFull, FolderUnwritable: it cannot be stored.
    """
    place = data_dir / NAME
    with storage_errors(data_dir):
        if not place.exists():
            write_atomically(place, new_secret())
            place.chmod(0o600)
        return place.read_text(encoding="ascii").strip()


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()
