"""FunASR's websockets at `/ws/funasr`, and at every path of the port of `serve --funasr-port`."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from app.web.funasr.connection import FunasrConnection
from app.web.request import FUNASR_PATH

router = APIRouter()

SUBPROTOCOL = "binary"  # FunASR's Python client offers it, and nothing else


@router.websocket(FUNASR_PATH)
async def funasr(socket: WebSocket) -> None:
    """Recognise recordings, live or whole, as FunASR's servers do."""
    offered = socket.scope.get("subprotocols") or []
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else next(iter(offered), None))
    await FunasrConnection(socket).serve()
