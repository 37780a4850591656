"""What is known of each recording of an archive: one line of its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.errors.base import Problem

READ, FAILED = "read", "failed"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a place, as it is listed: a recording, or what was written for one."""

    name: str
    """Its path below the place, with slashes."""
    size_bytes: int
    version: str
    """Differs when its content does: the time of its last change, or the tag that an object store gives."""


@dataclass(frozen=True, slots=True)
class ArchiveOutput:
    """A file that was written for a recording."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """How a recording ended. It is stored after its outputs: whoever finds it finds them."""

    source: ListedFile
    state: str
    """READ or FAILED."""
    sha256: str = ""
    """Of the recording; empty where it could not be read."""
    duration: float = 0.0
    """Seconds."""
    language: str = ""
    outputs: tuple[ArchiveOutput, ...] = ()
    receipt: tuple[Mapping[str, Any], ...] = ()
    """What was asked and what was applied, as in every transcript."""
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None
    model: str = ""
    device: str = ""
    node: str = ""
    """The machine that read it."""
    program: str = ""
    """Its version."""
    seconds_worked: float = 0.0
    cost: float | None = None
    """In the currency of the price of an hour's work, if one was given."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"problem": self.problem and self.problem.to_dict()}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> ArchiveRecord:
        """Read the output of `to_dict`.

        Raises:
            ValueError: it is something else.
        """
        try:
            return cls(
                **{
                    **stored,
                    "source": ListedFile(**stored["source"]),
                    "outputs": tuple(ArchiveOutput(**output) for output in stored["outputs"]),
                    "receipt": tuple(stored["receipt"]),
                    "warnings": tuple(stored["warnings"]),
                    "problem": Problem.from_dict(stored["problem"]) if stored["problem"] else None,
                }
            )
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"no record is stored: {error!r}") from error


@dataclass(frozen=True, slots=True)
class ArchiveTotals:
    """The sums over a manifest."""

    files: int
    read: int
    failed: int
    hours: float
    """Of sound that was read."""
    hours_worked: float
    cost: float | None

    @property
    def cost_per_hour(self) -> float | None:
        """Of sound."""
        return None if self.cost is None or not self.hours else self.cost / self.hours

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"cost_per_hour": self.cost_per_hour}


def totals(records: Iterable[ArchiveRecord]) -> ArchiveTotals:
    """Return the sums over records; the cost is None where none of them has one."""
    files = read = 0
    seconds = worked = 0.0
    cost: float | None = None
    for record in records:
        files += 1
        worked += record.seconds_worked
        if record.state == READ:
            read += 1
            seconds += record.duration
        if record.cost is not None:
            cost = (cost or 0.0) + record.cost
    return ArchiveTotals(files, read, files - read, seconds / 3600, worked / 3600, cost)
