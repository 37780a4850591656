"""ModelScope, through its own client, which reads MODELSCOPE_API_TOKEN and MODELSCOPE_ENDPOINT."""

from __future__ import annotations

from typing import Any

from app.domain.errors.models import HubAnswerWrong, HubClientMissing, HubRefused, HubUnreachable
from app.hubs import HubName, Listing, RemoteFile, check_id, wanted_files
from app.hubs.reasons import first_line, reason_of

HUB = HubName.MODELSCOPE
REVISION = "master"


class ModelScope:
    """Lists the files of the main branch. If it changes during a download, the SHA-256 checks fail."""

    def __init__(self, models_dir: str, endpoint: str | None = None) -> None:
        self._models_dir = models_dir
        self._endpoint = endpoint

    def listing(self, id: str) -> Listing:
        """See Hub.listing."""
        check_id(HUB, id)
        try:
            from modelscope_hub import HubApi
            from modelscope_hub.config import HubConfig
        except ImportError as error:
            raise HubClientMissing(
                package="modelscope-hub", hub=HUB.label, command="pip install modelscope-hub"
            ) from error
        config = HubConfig(endpoint=self._endpoint)
        api = HubApi(config)
        files = [
            RemoteFile(
                path=item.path,
                url=api.legacy.get_download_url(id, "model", item.path, REVISION),
                size_bytes=item.size,
                sha256=item.sha256 or "",
            )
            for item in self._ask(api, id)
            if not item.is_dir
        ]
        headers = {"Authorization": f"Bearer {config.token}"} if config.token else {}
        return Listing(wanted_files(HUB, files), revision=REVISION, headers=headers)

    def _ask(self, api: Any, id: str) -> Any:
        from modelscope_hub.errors import AuthenticationError, HubError, NotExistError, PermissionDeniedError

        try:
            return api.list_repo_files(id, "model", revision=REVISION)
        except (NotExistError, PermissionDeniedError, AuthenticationError) as error:
            raise HubRefused(hub=HUB.label, id=id, reason=first_line(error)) from error
        except (HubError, OSError) as error:
            raise HubUnreachable(hub=HUB.label, reason=reason_of(error), folder=self._models_dir) from error
        except (ValueError, TypeError, KeyError) as error:
            raise HubAnswerWrong(hub=HUB.label, reason=first_line(error)) from error
