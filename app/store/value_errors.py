"""Refuses values that no database can store; the libraries find them while they write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter


@contextmanager
def value_errors() -> Iterator[None]:
    """Convert what is raised for a value.

    Raises:
        InvalidParameter
    """
    try:
        yield
    except OverflowError as error:
        raise InvalidParameter(name="number", reason=N_("it is too large to be stored")) from error
    except UnicodeEncodeError as error:
        raise InvalidParameter(name="text", reason=N_("it holds half of a character")) from error
