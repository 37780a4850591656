"""Passwords: argon2id with the parameters of RFC 9106 for little memory (64 MB, 3 passes), two at a time."""

from __future__ import annotations

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from app.domain.errors.base import N_
from app.domain.errors.people import WeakPassword

SHORTEST, LONGEST = 10, 200  # characters; the longest bounds the work that a stranger can ask for
FEWEST_KINDS = 5  # different characters

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_at_once = BoundedSemaphore(2)
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$va8uaUEyNdju7sAW3CF4tg$DgJfx1knhAc48j1DB4x3ELBHu0E2FtvhTv5PLWdOfdw"
"""Of a random password that nobody kept. Making one takes 0.2 s of computing and 64 MB, at every start."""


def hash_password(password: str) -> str:
    """Return what is stored for a password."""
    with _at_once:
        return _hasher.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Return whether this is the stored password; without one it takes as long to say no."""
    with _at_once:
        try:
            return _hasher.verify(stored or _NOBODYS, password[:LONGEST]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_new_hash(stored: str) -> bool:
    """Return whether a password was hashed with parameters of an earlier version."""
    return _hasher.check_needs_rehash(stored)


def check_password(password: str, name: str) -> None:
    """Refuse what is guessed first.

    Raises:
        WeakPassword
    """
    if len(password) < SHORTEST:
        raise WeakPassword(reason=N_("it has fewer than 10 characters"))
    if len(password) > LONGEST:
        raise WeakPassword(reason=N_("it has more than 200 characters"))
    if len(set(password.casefold())) < FEWEST_KINDS:
        raise WeakPassword(reason=N_("it repeats the same few characters"))
    if name.casefold() in password.casefold() and len(password) < len(name) + SHORTEST:
        raise WeakPassword(reason=N_("it is little more than the name"))
    if password.casefold() in COMMON:
        raise WeakPassword(reason=N_("it is among the most common ones"))


COMMON = frozenset(
    [
        "1234567890",
        "0123456789",
        "12345678910",
        "123456789a",
        "1234567891",
        "9876543210",
        "0987654321",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "q1w2e3r4t5",
        "qwertyuiop",
        "qwerty12345",
        "qwerty1234",
        "qwerty123456",
        "qwertyuiop123",
        "asdfghjkl1",
        "asdfghjkl123",
        "zxcvbnm123",
        "password12",
        "password123",
        "password1234",
        "password12345",
        "passw0rd123",
        "p@ssw0rd123",
        "p@ssword123",
        "administrator",
        "admin12345",
        "admin123456",
        "iloveyou123",
        "iloveyou12",
        "letmein123",
        "welcome123",
        "welcome1234",
        "changeme123",
        "football123",
        "baseball123",
        "superman123",
        "dragon12345",
        "woaini1314",
        "woaini520",
        "woaini5201314",
        "5201314520",
        "a123456789",
        "aa123456789",
        "qq123456789",
        "abc123456789",
        "abcd123456",
        "zhang123456",
        "wang123456",
        "li123456789",
        "1314520520",
        "147258369a",
        "0000000001",
        "1122334455",
        "1111122222",
        "112233445566",
        "abcdefghij",
        "abcdefghijkl",
    ]
)
"""Those of ten characters and more that leaks of passwords hold most often, in English and in Chinese."""
