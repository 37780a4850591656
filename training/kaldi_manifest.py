"""A manifest of a corpus in Kaldi's form, such as speechocean762: folders that hold `text` and `wav.scp`.

Run: python -m training.kaldi_manifest --language en data/speech/ocean.tsv data/speech/ocean/train data/speech/ocean/test.
The paths in wav.scp start in the folder above; the manifest lies above all of them.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import av

COLUMNS = ("path", "seconds", "text", "language")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--language", required=True)
    arguments = parser.parse_args()
    seconds = write_manifest(arguments.manifest, arguments.folders, arguments.language)
    print(f"{arguments.manifest}: {seconds / 3600:.1f} h")


def write_manifest(manifest: Path, folders: list[Path], language: str) -> float:
    """Write the rows of all folders; returns the seconds of all recordings."""
    rows = [row for folder in folders for row in _rows(folder, manifest.parent, language)]
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerows([COLUMNS, *rows])
    return sum(float(seconds) for _, seconds, _, _ in rows)


def _rows(folder: Path, above: Path, language: str) -> Iterator[tuple[str, str, str, str]]:
    texts = dict(_pairs(folder / "text"))
    for key, place in _pairs(folder / "wav.scp"):
        recording = folder.parent / place
        yield (
            recording.relative_to(above).as_posix(),
            f"{_seconds(recording):.2f}",
            texts[key].lower(),
            language,
        )


def _pairs(file: Path) -> Iterator[tuple[str, str]]:
    """The first word of each line, and the rest."""
    for line in file.read_text(encoding="utf-8").splitlines():
        key, rest = line.split(maxsplit=1)
        yield key, rest.strip()


def _seconds(recording: Path) -> float:
    with av.open(str(recording)) as container:
        return (container.duration or 0) / av.time_base


if __name__ == "__main__":
    main()
