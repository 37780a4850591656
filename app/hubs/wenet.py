"""The mirror of WeNet's public checkpoints: one tar.gz each, over plain HTTPS."""

from __future__ import annotations

from app.hubs import HubName, Listing, RemoteFile, check_id

HUB = HubName.WENET
ARCHIVE_NAME = "archive.tar.gz"


class WenetMirror:
    """Offers one archive; size and checksum come from the response headers, and gzip has its own."""

    def __init__(self, address: str) -> None:
        self._address = address

    def listing(self, id: str) -> Listing:
        """See Hub.listing. Makes no request: an unknown id fails on download."""
        check_id(HUB, id)
        archive = RemoteFile(ARCHIVE_NAME, self._address.replace("{name}", id))
        return Listing((archive,), is_archive=True)
