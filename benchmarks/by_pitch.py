"""Parts the recordings of a table by the pitch of the voice, as a stand-in for men and women where nobody wrote it down.

    python -m benchmarks.by_pitch TSV FOLDER [--hertz 165]

Writes NAME-low.tsv and NAME-high.tsv into FOLDER, for benchmarks.accuracy. The pitch is the median over the frames in
which autocorrelation (Rabiner, "On the use of autocorrelation analysis for pitch detection", 1977) finds a clear
period. 165 Hz lies between the usual pitches of men (85 to 155) and women (165 to 255).
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
FRAME, STEP = 1024, 512
SLOWEST, FASTEST = RATE // 60, RATE // 400  # periods, in samples
CLEAR = 0.5  # of the energy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hertz", type=float, default=165.0)
    options = parser.parse_args()
    with options.table.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = [row | {"path": str((options.table.parent / row["path"]).absolute())} for row in reader]
    parts: dict[str, list[dict[str, str]]] = {"low": [], "high": []}
    for row in rows:
        parts["low" if pitch(samples_of(Path(row["path"]))) < options.hertz else "high"].append(row)
    for name, chosen in parts.items():
        write(options.folder / f"{options.table.stem}-{name}.tsv", chosen)
        print(f"{name}: {len(chosen)}")


def samples_of(file: Path) -> npt.NDArray[np.float32]:
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)


def pitch(samples: npt.NDArray[np.float32]) -> float:
    """Return the median pitch in Hz over the clear frames; 0 where there is none."""
    starts = range(0, max(0, len(samples) - FRAME), STEP)
    found = [hertz for start in starts if (hertz := _pitch_of_frame(samples[start : start + FRAME]))]
    return float(np.median(found)) if found else 0.0


def _pitch_of_frame(frame: npt.NDArray[np.float32]) -> float:
    centred = (frame - frame.mean()) * np.hanning(len(frame))
    spectrum = np.fft.rfft(centred, 2 * len(frame))
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[: len(frame)]
    if likeness[0] < 1e-3:
        return 0.0
    lag = FASTEST + int(np.argmax(likeness[FASTEST:SLOWEST]))
    return RATE / lag if likeness[lag] > CLEAR * likeness[0] else 0.0


def write(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
