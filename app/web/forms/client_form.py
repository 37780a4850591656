"""A form of a program that speaks another product's API: any field is taken, and remembered as it arrived."""

from __future__ import annotations

from typing import ClassVar

from app.domain.client_request import LONGEST_VALUE, FormPart, is_secret
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.web.forms.file_form import FileForm, Receiver

MOST_PARTS = 5000
LONGEST_FIELDS_BYTES = 8 * 2**20  # samples of four voices come as text within fields
SOUND_FIELDS = ("known_speaker_references",)
"""Fields whose values are recordings as text: they are used for this request, and nobody else is to see them."""


class ClientForm(FileForm):
    """The form of a recognition request; what its fields mean is decided when all have arrived."""

    fields = ()
    longest_bytes = LONGEST_FIELDS_BYTES
    of_sound: ClassVar[tuple[str, ...]] = SOUND_FIELDS

    def __init__(self, receiver: Receiver, limit_bytes: int, file_field: str = "file") -> None:
        super().__init__(receiver, limit_bytes)
        self.file_field = file_field
        self.values: list[tuple[str, str]] = []
        """Names and values of the fields, in the order in which they arrived; empty ones are absent."""
        self.parts: list[FormPart] = []
        self._sent: tuple[str, str | None, str] = ("", None, "")
        self._part_bytes = 0

    def begin_part(self, name: str, file_name: str | None, content_type: str) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise InvalidParameter(name="body", reason=N_("it has too many parts"))
        self._sent = (name[:LONGEST_VALUE], file_name, content_type[:LONGEST_VALUE])
        self._part_bytes = 0
        super().begin_part(name, file_name, content_type)

    def part_data(self, data: bytes) -> None:
        self._part_bytes += len(data)
        super().part_data(data)

    def end_part(self) -> None:
        name, file_name, content_type = self._sent
        super().end_part()
        if self._field == self.file_field or file_name is not None:
            self.parts.append(FormPart(name, None, file_name, content_type, self._part_bytes))

    def set_field(self, field: str, value: str) -> None:
        name, file_name, content_type = self._sent
        if file_name is not None:  # a file that nobody asks for
            return
        is_private = is_secret(field) or field.startswith(self.of_sound)
        kept = None if is_private else value[:LONGEST_VALUE]
        self.parts.append(FormPart(name, kept, None, content_type, self._part_bytes))
        if value.strip():
            self.values.append((field, value.replace("\0", "")))

    def _refuse_unknown(self, name: str) -> None:
        """Take every name: programs send fields that are of no matter here."""
