"""The object store that holds the recordings, where one does."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class StoreUnusable(AppError):
    """What was to be stored is not stored, and can be tried again."""

    status = 503


class StoreUnreachable(StoreUnusable):
    code = "store_unreachable"
    message = N_("The object store {place} does not answer: {reason}")
    advice = N_(
        "Try again in a minute: nothing that was confirmed is lost, and waiting jobs go on by themselves. If it lasts, let "
        "the administrator look at the store and the network to it (AWS_ENDPOINT_URL)."
    )


class StoreRefused(StoreUnusable):
    code = "store_refused"
    message = N_("The object store {place} refuses the keys of this server: {reason}")
    advice = N_(
        "Let the administrator check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and that they may read, write, "
        "list and delete there; then start the server again."
    )


class BucketMissing(StoreUnusable):
    code = "bucket_missing"
    message = N_("There is no bucket for {place}.")
    advice = N_("Make the bucket, or correct FUNASR_FILES_URL and AWS_ENDPOINT_URL; then start the server again.")


class StoreFull(StoreUnusable):
    code = "store_full"
    status = 507
    message = N_("The object store {place} is full; nothing was stored.")
    advice = N_(
        "Give it more room or a larger quota, or delete old transcriptions and empty the trash; then try again. Waiting jobs "
        "go on by themselves."
    )
