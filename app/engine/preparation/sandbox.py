"""Confines a process that decodes a stranger's file: it reads its input and the libraries, writes to its output folder,
and has no network and no other programs. Linux only, by Landlock and seccomp; where the kernel lacks one, the other stays.

Both are reached by ctypes: no kept package offers them (docs/decisions/0032). What cannot be applied is never an error.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from app.paths import CODE_ROOT, PACKAGE_DIR, builtin_model_dir, is_checkout

# From <linux/prctl.h>, <linux/landlock.h>, <linux/seccomp.h>, <linux/filter.h> and <linux/audit.h>.
_PR_GET_SECCOMP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 21, 22, 38
_SECCOMP_MODE_FILTER = 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_NET_BIND_AND_CONNECT_TCP = 0b11
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_LOAD_WORD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # in struct seccomp_data
_X32 = 0x40000000

SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/nix/store")


class _Access(IntFlag):
    """What Landlock can refuse below a folder, by the version of its interface that knows it."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_FILE = 1 << 5
    MAKE_REG = 1 << 8
    FIRST_VERSION = (1 << 13) - 1
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


_READING = _Access.READ_FILE | _Access.READ_DIR
_WRITING = _READING | _Access.WRITE_FILE | _Access.REMOVE_FILE | _Access.MAKE_REG | _Access.TRUNCATE
_OF_FILES = _Access.EXECUTE | _Access.WRITE_FILE | _Access.READ_FILE | _Access.TRUNCATE


@dataclass(frozen=True, slots=True)
class _Machine:
    """What seccomp has to know of an architecture."""

    audit: int
    refused: tuple[int, ...]
    """Numbers of socket, execve, execveat, ptrace, process_vm_readv and process_vm_writev."""


_MACHINES = {
    "x86_64": _Machine(0xC000003E, (41, 59, 322, 101, 310, 311)),
    "aarch64": _Machine(0xC00000B7, (198, 221, 281, 117, 270, 271)),
}


@dataclass(frozen=True, slots=True)
class SandboxSupport:
    """What this machine can confine."""

    files: bool
    """Landlock."""
    network: bool
    """Seccomp."""
    reason: str = ""
    """Why one of them is missing, in the words of the system."""


def sandbox_support() -> SandboxSupport:
    """Look at what the kernel offers, without confining anything."""
    if sys.platform != "linux":
        return SandboxSupport(files=False, network=False, reason=platform.system())
    version, refused = _landlock_version()
    machine = platform.machine()
    has_filter = machine in _MACHINES and _prctl(_PR_GET_SECCOMP) >= 0
    reason = "" if version else f"Landlock: {os.strerror(refused)}"
    if not has_filter:
        reason = ", ".join(filter(None, (reason, f"seccomp: {machine}")))
    return SandboxSupport(files=version > 0, network=has_filter, reason=reason)


def confine(reads: Sequence[Path], writes: Sequence[Path]) -> None:
    """Confine this thread, and what it starts, for good: as far as this machine can.

    Args:
        reads: files that may be read; those that are not there are left out.
        writes: folders in which files may be read, written and removed.
    """
    if sys.platform != "linux" or _prctl(_PR_SET_NO_NEW_PRIVS, 1):
        return
    _confine_files(reads, writes)
    _refuse_calls()


def libraries() -> list[Path]:
    """Return the folders of Python, of the packages and of the system's libraries."""
    packages = [Path(entry) for entry in sys.path if entry and not (is_checkout() and Path(entry) == CODE_ROOT)]
    ours = [PACKAGE_DIR, builtin_model_dir()]
    return [*ours, *packages, Path(sys.prefix), Path(sys.base_prefix), *map(Path, SYSTEM_FOLDERS)]


def _confine_files(reads: Iterable[Path], writes: Iterable[Path]) -> None:
    version, _ = _landlock_version()
    if not version:
        return
    handled = _handled(version)
    ruleset = _new_ruleset(version, handled)
    if ruleset < 0:
        return
    try:
        for path in (*libraries(), *reads, Path(os.devnull), Path("/dev/urandom")):
            _allow(ruleset, path, _READING & handled)
        if all(_allow(ruleset, folder, _WRITING & handled) for folder in writes):
            _libc().syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _handled(version: int) -> _Access:
    """Return what this version of Landlock knows to refuse."""
    newer = {2: _Access.REFER, 3: _Access.TRUNCATE, 5: _Access.IOCTL_DEV}
    handled = _Access.FIRST_VERSION
    for since, access in newer.items():
        if version >= since:
            handled |= access
    return handled


def _new_ruleset(version: int, handled: _Access) -> int:
    """Return a descriptor, or -1."""
    fields = [int(handled)]
    if version >= 4:
        fields.append(_NET_BIND_AND_CONNECT_TCP)
    if version >= 6:
        fields.append(_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    return int(_libc().syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))


def _allow(ruleset: int, path: Path, access: _Access) -> bool:
    """Allow `access` to a file, or to everything below a folder; return whether that was possible."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            allowed = access if path.is_dir() else access & _OF_FILES
            rule = struct.pack("=Qi", int(allowed), descriptor)
            return not _libc().syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)
    return False


def _refuse_calls() -> None:
    """Let the kernel refuse sockets, other programs, and looks into other processes."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    count = len(machine.refused)
    program = [
        _instruction(_LOAD_WORD, _ARCHITECTURE_AT),
        _instruction(_EQUALS, machine.audit, if_not=count + 3),  # a call of another architecture is none of ours
        _instruction(_LOAD_WORD, _NUMBER_AT),
        _instruction(_AT_LEAST, _X32, if_so=count + 1),
        *(_instruction(_EQUALS, number, if_so=count - place) for place, number in enumerate(machine.refused)),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(program))
    described = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(code)))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(described))


def _instruction(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """Return one instruction of the filter; the jumps count the instructions that they skip."""
    return struct.pack("=HBBI", code, if_so, if_not, value)


def _landlock_version() -> tuple[int, int]:
    """Return the version of Landlock's interface, or 0 with the system's error."""
    version = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    return (version, 0) if version > 0 else (0, ctypes.get_errno())


def _prctl(option: int, first: int = 0, second: int = 0) -> int:
    return int(_libc().prctl(option, *map(ctypes.c_ulong, (first, second, 0, 0))))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
