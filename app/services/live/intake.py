"""Receives the numbered chunks of one session and writes them to disk in order, without duplicates or gaps."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from app.domain.errors.live import LiveGap, LiveNotStored
from app.engine import SAMPLE_RATE
from app.store.files.live_wav import BYTES_PER_SAMPLE, LiveWav

MOST_WAITING_SECONDS = 60.0  # of unwritten audio; the client keeps what follows


@dataclass(frozen=True, slots=True)
class Stored:
    """What is on disk."""

    next_chunk: int
    samples: int
    """Of each channel."""

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE


class Intake:
    """`accept` is called by the connection, `write` by the writer thread."""

    def __init__(self, wav: LiveWav, next_chunk: int) -> None:
        self.stored = Stored(next_chunk, wav.samples)
        """What survives a power cut."""
        self._wav = wav
        self._bytes_per_second = SAMPLE_RATE * BYTES_PER_SAMPLE * wav.channels
        self._expected = next_chunk
        self._waiting = bytearray()
        self._is_closed = False
        self._lock = Lock()
        self._writing = Lock()

    @property
    def expected(self) -> int:
        """The number of the next chunk."""
        return self._expected

    @property
    def seconds(self) -> float:
        """Audio received, written or not."""
        with self._lock:
            return self.stored.seconds + self.waiting_seconds

    @property
    def waiting_seconds(self) -> float:
        """Seconds of audio that are not on the disk yet."""
        return len(self._waiting) / self._bytes_per_second

    def accept(self, number: int, sound: bytes) -> bool:
        """Accept a chunk; return whether it is new.

        Raises:
            LiveGap: an earlier chunk is missing.
            LiveNotStored: too much unwritten audio.
        """
        with self._lock:
            if number > self._expected:
                raise LiveGap(expected=self._expected, number=number)
            if number < self._expected:
                return False
            if self.waiting_seconds > MOST_WAITING_SECONDS:
                raise LiveNotStored(reason=f"{MOST_WAITING_SECONDS:.0f} s")
            self._waiting += sound
            self._expected += 1
            return True

    def write(self) -> bool:
        """Write what has arrived to disk; return whether there was anything.

        Raises:
            DiskFull: the audio stays in memory for the next attempt.
        """
        with self._writing:
            with self._lock:
                sound, number = bytes(self._waiting), self._expected
            if not sound or self._is_closed:
                return False
            self._wav.append(sound)
            with self._lock:
                del self._waiting[: len(sound)]
                self.stored = Stored(number, self._wav.samples)
            return True

    def note(self, stored: Stored) -> None:
        """Learn that the row counts this much."""
        with self._writing:
            if not self._is_closed:
                self._wav.note(stored.samples)

    def close_up(self) -> tuple[int, str]:
        """Close the file; return its size in bytes and its SHA-256."""
        with self._writing:
            return self._wav.close_up()

    def close(self) -> None:
        with self._writing:
            if not self._is_closed:
                self._is_closed = True
                self._wav.close()
