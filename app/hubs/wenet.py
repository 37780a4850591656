"""The mirror of WeNet's public checkpoints: one tar.gz for each, over plain HTTPS."""

from __future__ import annotations

from app.hubs import HubName, Listing, RemoteFile, check_id

HUB = HubName.WENET
ARCHIVE_NAME = "archive.tar.gz"


class WenetMirror:
    """Offers one archive; size and checksum are what the answer's headers tell, and gzip has its own."""

    def __init__(self, address: str) -> None:
        self._address = address

    def listing(self, id: str) -> Listing:
        """See Hub.listing. Asks nobody: an id that the mirror lacks is told by the fetching."""
        check_id(HUB, id)
        archive = RemoteFile(ARCHIVE_NAME, self._address.replace("{name}", id))
        return Listing((archive,), is_archive=True)
