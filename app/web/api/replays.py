"""REST and page of the replay: send a support case, have it run again here, and see whether the same comes out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request, Response, status

from app.domain.errors.cases import ReplayBusy, ReplayNotFound
from app.domain.errors.requests import InvalidParameter, UnknownLanguage
from app.domain.errors.uploads import DiskFull, NoFile, UploadInterrupted, UploadTooLarge
from app.support.replay.bench import OPTIONS
from app.web.answers.replays import replay_answer
from app.web.dependencies import ServicesDep, TranslateDep
from app.web.forms.recording import fill, form_properties
from app.web.forms.replay import ReplayForm
from app.web.openapi import errors
from app.web.pools import FILES
from app.web.routers import ApiRouter
from app.web.schemas.replays import ReplayAnswer, ReplayStarted

router = ApiRouter(prefix="/replay", tags=["support"])

ReplayId = Annotated[str, Path(description="Id of the replay.", examples=["5f0c2e9b1a44d0e1"])]


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _as_recorded(described: dict[str, Any]) -> dict[str, Any]:
    """Describe an option that is as it was recorded where the form leaves it out."""
    return {key: value for key, value in described.items() if key != "default"}


FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "The zip of the case."},
                    "device": _text("`cpu`, `cuda`, `cuda:N` or `mps`; empty: as recorded.", example="cpu"),
                    "dtype": _text("`float32`, `bfloat16`, `float16` or `int8`; empty: as recorded."),
                    "allow_device_fallback": _text("Whether the CPU may stand in for an absent device."),
                    "batch_seconds": _text("Seconds of sound that are computed at once."),
                    "threads": _text("CPU threads."),
                    **{name: _as_recorded(each) for name, each in form_properties(OPTIONS).items()},
                },
            },
            "example": {"file": "(bytes of case-01jd9x3v6t8q.zip)", "device": "cpu"},
        }
    },
}


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra={"requestBody": FORM},
    response_description="The case runs; ask for it by its id.",
    responses=errors(
        UploadInterrupted,
        UploadTooLarge,
        NoFile,
        UnknownLanguage,
        InvalidParameter,
        ReplayBusy,
        DiskFull,
        changes=True,
    ),
)
async def start_replay(request: Request, response: Response, services: ServicesDep) -> ReplayStarted:
    """Run a support case again in a process of its own, with the recorded sound, options and segments.

    One case at a time. What differs from the recorded run is a result, not an error.
    """
    replays = services.replays
    replays.refuse_second()
    limit_bytes = services.settings.max_upload_bytes
    with ReplayForm(replays, limit_bytes) as form:
        await fill(form, request, limit_bytes)
        run = await FILES.run(form.start)
    response.headers["location"] = str(request.url_for("get_replay", id=run.id).path)
    return ReplayStarted(id=run.id)


@router.get("/{id}", responses=errors(ReplayNotFound))
def get_replay(id: ReplayId, services: ServicesDep, translate: TranslateDep) -> ReplayAnswer:
    """See how a replay stands, and what it has shown. It is remembered for a day, or until the server stops."""
    return replay_answer(services.replays.get(id), translate)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(ReplayNotFound, changes=True))
def forget_replay(id: ReplayId, services: ServicesDep) -> None:
    """Stop a replay, or forget what it has shown."""
    services.replays.forget(id)
