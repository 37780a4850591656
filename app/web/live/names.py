"""Names of transcriptions whose client gave none."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.errors.base import N_

if TYPE_CHECKING:
    from app.i18n import Translate


def name_by_time(translate: Translate) -> str:
    """Return a name with the moment at which somebody began to speak."""
    return f"{translate(N_('Live'))} {datetime.now().astimezone():%Y-%m-%d %H:%M}"
