"""The headers in which a program asks for, and is told of, what other products do not have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from starlette.responses import JSONResponse, Response

from app.domain.transcript import Applied

RECEIPT = "x-funasr-receipt"
MOST_LINES = 30
LONGEST_BYTES = 6000  # proxies take 8 KB for all headers
RESPOND_ASYNC = re.compile(r"(?:^|[,;\s])respond-async(?:$|[,;\s])", re.IGNORECASE)


def receipt_headers(id: str, lines: Iterable[Applied], *, is_repeat: bool) -> dict[str, str]:
    """Return compact JSON in ASCII: the transcription, and each value that was changed or ignored, with the reason."""
    told = [line.told() for line in lines if line.reason or line.asked != line.applied][:MOST_LINES]
    while len(written := _written(id, told, is_repeat=is_repeat)) > LONGEST_BYTES:
        told = told[:-1]
    return {RECEIPT: written}


def wants_no_answer(headers: Mapping[str, str]) -> bool:
    """Return whether the client prefers the address of the job to its text (RFC 7240)."""
    return RESPOND_ASYNC.search(headers.get("prefer", "")) is not None


def accepted(id: str, address: str, headers: Mapping[str, str]) -> Response:
    """Return the answer for such a client."""
    told = {"id": id, "object": "transcription", "url": address}
    return JSONResponse(told, 202, {**headers, "location": address, "preference-applied": "respond-async"})


def _written(id: str, told: list[dict[str, str]], *, is_repeat: bool) -> str:
    receipt = {"transcription": id, "repeat": is_repeat, "changes": told}
    return json.dumps(receipt, ensure_ascii=True, separators=(",", ":"))
