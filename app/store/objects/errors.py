"""Converts the errors of the client library to ours: cause and remedy, and no keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from app.domain.errors.base import N_
from app.domain.errors.object_store import BucketMissing, StoreFull, StoreRefused, StoreUnreachable, StoreUnusable

NO_BUCKET = "NoSuchBucket"
FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "StorageFull"})
REFUSED = frozenset(
    {
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
REFUSALS = frozenset({"401", "403"})
METADATA_ADDRESS = "169.254.169.254"  # asked for keys on Amazon's machines where none are given
_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"non-2xx status code: (\d+)([^:\n]*)")
_SYSTEM = re.compile(r'message: "([^"]+)"')


@contextmanager
def object_errors(place: str) -> Iterator[None]:
    """Convert an error of the library, but let an object that is not there be a FileNotFoundError."""
    try:
        yield
    except FileNotFoundError as error:
        if NO_BUCKET in str(error):
            raise BucketMissing(place=place) from None
        raise FileNotFoundError(place) from None
    except BaseError as error:  # its text may hold the answer of the store, which repeats keys
        raise store_error(error, place) from None


@contextmanager
def writer_errors(place: str) -> Iterator[None]:
    """Convert what a writer of the library raises: its errors lose their class on the way, not their text."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise store_error(error, place) from None


def store_error(error: BaseError | OSError, place: str) -> StoreUnusable:
    """Return the error for a failed request to the store at `place`."""
    told = str(error)
    [code] = _CODE.findall(told)[:1] or [""]
    [(status, words)] = _STATUS.findall(told)[:1] or [("", "")]
    if code == NO_BUCKET:
        return BucketMissing(place=place)
    if code in FULL or status == "507":
        return StoreFull(place=place)
    if METADATA_ADDRESS in told:
        return StoreRefused(place=place, reason=N_("no keys are given"))
    if code in REFUSED or status in REFUSALS or isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return StoreRefused(place=place, reason=code or f"{status}{words}")
    return StoreUnreachable(place=place, reason=code or (f"{status}{words}" if status else _of_the_line(told)))


def _of_the_line(told: str) -> str:
    """Return what the system says about the connection."""
    if found := _SYSTEM.search(told):
        return found[1]
    return N_("it took too long") if "timed out" in told or "Timeout" in told else N_("the connection broke")
