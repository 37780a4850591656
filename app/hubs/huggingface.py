"""Hugging Face, through its own client, which reads HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE."""

from __future__ import annotations

from typing import Any

from app.domain.errors.models import HubAnswerWrong, HubClientMissing, HubRefused, HubUnreachable
from app.hubs import HubName, Listing, RemoteFile, check_id, wanted_files
from app.hubs.reasons import first_line, reason_of

HUB = HubName.HUGGINGFACE
LIST_SECONDS = 20.0


class HuggingFace:
    """Lists the files of one revision; URLs contain it, so that no file can change half-way."""

    def __init__(self, models_dir: str, endpoint: str | None = None) -> None:
        self._models_dir = models_dir
        self._endpoint = endpoint

    def listing(self, id: str) -> Listing:
        """See Hub.listing."""
        check_id(HUB, id)
        try:
            from huggingface_hub import HfApi, get_token
        except ImportError as error:
            raise HubClientMissing(
                package="huggingface_hub", hub=HUB.label, command="pip install huggingface_hub"
            ) from error
        api = HfApi(endpoint=self._endpoint)
        info = self._ask(api, id)
        files = [_remote_file(api.endpoint, id, str(info.sha), item) for item in info.siblings or []]
        token = get_token()
        return Listing(
            wanted_files(HUB, files),
            revision=str(info.sha),
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    def _ask(self, api: Any, id: str) -> Any:
        from httpx2 import HTTPError
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

        try:
            return api.model_info(id, files_metadata=True, timeout=LIST_SECONDS)
        except (RepositoryNotFoundError, GatedRepoError) as error:
            raise HubRefused(hub=HUB.label, id=id, reason=first_line(error)) from error
        except (HfHubHTTPError, OfflineModeIsEnabled, HTTPError, OSError) as error:
            raise HubUnreachable(hub=HUB.label, reason=reason_of(error), folder=self._models_dir) from error
        except (ValueError, TypeError, KeyError) as error:
            raise HubAnswerWrong(hub=HUB.label, reason=first_line(error)) from error


def _remote_file(endpoint: str, id: str, revision: str, item: Any) -> RemoteFile:
    from huggingface_hub import hf_hub_url

    return RemoteFile(
        path=item.rfilename,
        url=hf_hub_url(id, item.rfilename, revision=revision, endpoint=endpoint),
        size_bytes=item.size,
        sha256=item.lfs.sha256 if item.lfs else "",
        git_sha1="" if item.lfs else item.blob_id or "",
    )
