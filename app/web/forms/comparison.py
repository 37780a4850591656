"""The form of a comparison: a recording or a transcription, the variants, and the reference text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile
from app.store.files.upload_file import UploadFile
from app.web.forms.file_form import FileForm, Receiver
from app.web.schemas.comparisons import Variant

if TYPE_CHECKING:
    from app.domain.options import TranscriptionOptions
    from app.store.files.upload_file import UploadFile

FIELDS = ("file", "transcription", "variants", "reference")
LONGEST_FIELD_BYTES = 1024 * 1024  # all fields but the file, together
_VARIANTS = TypeAdapter(list[Variant])


class ComparisonForm(FileForm):
    """The form of a comparison."""

    fields = FIELDS
    longest_bytes = LONGEST_FIELD_BYTES

    def __init__(self, queue: Receiver, limit_bytes: int) -> None:
        super().__init__(queue, limit_bytes)
        self._values: dict[str, str] = {}

    @property
    def transcription(self) -> str:
        """Id of the transcription whose recording is compared; empty if a file was sent."""
        return self._values.get("transcription", "").strip()

    @property
    def reference(self) -> str:
        return self._values.get("reference", "").replace("\0", "")

    @property
    def file(self) -> UploadFile:
        """The received file; an empty one counts as missing."""
        if not super().file.size_bytes:
            raise NoFile
        return super().file

    def variants(self) -> list[Variant]:
        """Return the requested variants.

        Raises:
            InvalidParameter: they are missing or malformed.
        """
        try:
            return _VARIANTS.validate_json(self._values.get("variants", ""))
        except ValidationError as error:
            raise InvalidParameter(name="variants", reason=error.errors()[0]["msg"]) from error

    def set_field(self, field: str, value: str) -> None:
        self._values[field] = value


def options_of(variant: Variant, usual: TranscriptionOptions) -> TranscriptionOptions:
    """Return the options of one variant.

    Raises:
        UnknownLanguage, InvalidParameter
    """
    return variant.apply(usual)
