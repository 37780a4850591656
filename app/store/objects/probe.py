"""Tries an object store out: an object is written, read and removed, and the folder listed. Nothing else is touched."""

from __future__ import annotations

import secrets

from app.domain.errors.object_store import StoreUnusable
from app.store.objects.bucket import Bucket

FOLDER = "probes"


def store_fault(bucket: Bucket) -> StoreUnusable | None:
    """Return what keeps a bucket from being used, asking each question once; None if nothing does."""
    asked, key = bucket.impatient, f"{FOLDER}/{secrets.token_hex(8)}"
    try:
        asked.put(key, b"probe")
        asked.read(key)
        asked.remove([key])
        next(asked.below(FOLDER), None)
    except StoreUnusable as fault:
        return fault
    return None
