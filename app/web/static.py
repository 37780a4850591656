"""Style sheets and scripts, at addresses that change with their content, so that browsers may keep them for good.

Scripts import each other by relative addresses: the version stands in the path, so that it reaches all of them.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

VERSION = re.compile(r"^v-[0-9a-f]{12}/")
FOR_GOOD = "public, max-age=31536000, immutable"


def version_of(folder: Path) -> str:
    """Name the present content of `folder`; some dozen files, so that it can be asked for every page."""
    files = sorted((str(path), path.stat()) for path in folder.rglob("*") if path.is_file())
    facts = "\n".join(f"{path} {stat.st_mtime_ns} {stat.st_size}" for path, stat in files)
    return f"v-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


class StaticFolder(StaticFiles):
    """Serves a folder with or without a version before the path; only versioned answers are kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        plain = VERSION.sub("", path)
        response = await super().get_response(plain, scope)
        if plain != path and response.status_code in (200, 304):
            response.headers["cache-control"] = FOR_GOOD
        return response
