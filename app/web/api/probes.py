"""What supervisors, containers and load balancers ask: is the server alive, and can it do its work?

Both stand without the prefix of the API as well, because probes are often configured by a bare path. Neither waits for
the engine, nor for a free thread among those that serve requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import anyio
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import PROGRAM, __version__
from app.domain.errors.base import N_, Problem
from app.domain.errors.setup import NotReady
from app.i18n import Translate, translator
from app.logging import current_request_id
from app.support.readiness import database_problem, disk_problem, inference_problem, store_problem, worker_problem
from app.web.openapi import errors
from app.web.own_thread import in_own_thread
from app.web.request import language_of
from app.web.routers import ApiRouter, operation_id
from app.web.schemas.probes import LivenessAnswer, PartAnswer, ReadinessAnswer
from app.web.services import Services, opened_services

root = APIRouter(tags=["system"], generate_unique_id_function=operation_id)
router = ApiRouter(tags=["system"])

ANSWER_SECONDS = 5.0  # a busy machine is slow, and a probe that waits longer for an answer is rare
LOOKS: Mapping[str, Callable[[Services], Problem | None]] = {
    "database": lambda services: database_problem(services.queue),
    "disk": lambda services: disk_problem(services.settings.data_dir),
    "inference": lambda services: (
        worker_problem(is_working=services.is_working()) or inference_problem(services.inference)
        if services.has_worker
        else None
    ),
}
OF_SHARED_FILES: Mapping[str, Callable[[Services], Problem | None]] = {
    "object_store": lambda services: store_problem(services.queue)
}
UNANSWERED = Problem("unanswered", N_("No answer within {seconds} s."), "", {"seconds": ANSWER_SECONDS})


@root.get("/health", responses=errors())
async def get_liveness() -> LivenessAnswer:
    """Ask whether the server is alive: a restart helps where it does not answer. Nothing else is looked at."""
    return LivenessAnswer(status="ok", program=PROGRAM, version=__version__)


@root.get("/ready", name="get_root_readiness", response_model=ReadinessAnswer, responses=errors(NotReady))
@router.get("/ready", name="get_readiness", response_model=ReadinessAnswer, responses=errors(NotReady))
async def get_readiness(request: Request) -> Response:
    """Ask whether database, disk, object store and inference process are ready; 503 where one is not, with `parts` beside the error.

    A model that was unloaded because nobody needed it is ready: the next job loads it. Where this server leaves the
    jobs to another process, its own inference process is no matter.
    """
    problems = await _problems(opened_services(request))
    translate = translator(language_of(request))
    parts = [_part(name, problem, translate) for name, problem in problems.items()]
    told = [part.model_dump() for part in parts]
    if not any(problems.values()):
        return JSONResponse({"status": "ready", "parts": told})
    reasons = "; ".join(f"{part.name}: {part.reason}" for part in parts if not part.is_ready)
    error = NotReady(reasons=reasons)
    answer = error.problem.explained(translate) | {"request_id": current_request_id()}
    return JSONResponse({"error": answer, "status": "not_ready", "parts": told}, error.status)


async def _problems(services: Services) -> dict[str, Problem | None]:
    """Look at all parts at once, for no longer than ANSWER_SECONDS; a part that gave no answer is not ready."""
    looked_at = {**LOOKS, **(OF_SHARED_FILES if services.queue.files.is_shared else {})}
    found: dict[str, Problem | None] = dict.fromkeys(looked_at, UNANSWERED)

    async def look(name: str) -> None:
        found[name] = await in_own_thread(partial(looked_at[name], services))

    with anyio.move_on_after(ANSWER_SECONDS):
        async with anyio.create_task_group() as looks:
            for name in looked_at:
                looks.start_soon(look, name)
    return found


def _part(name: str, problem: Problem | None, translate: Translate) -> PartAnswer:
    reason = problem.explained(translate)["message"] if problem else ""
    return PartAnswer(name=name, is_ready=problem is None, reason=reason)
