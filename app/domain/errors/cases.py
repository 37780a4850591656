"""Support cases and their replays."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class CaseError(AppError):
    status = 422


class CaseUnreadable(CaseError):
    code = "case_unreadable"
    message = N_("{file} is not a support case: {reason}.")
    advice = N_("Give the zip that 'python -m app case' or the page has made, as it was made.")


class CaseDamaged(CaseError):
    code = "case_damaged"
    message = N_("The support case {file} is damaged: {names} is not what its manifest promises.")
    advice = N_("Copy the case again from where it was made; its files must not be changed.")


class CaseCannotShrink(CaseError):
    code = "case_cannot_shrink"
    message = N_("This case cannot be made shorter: {reason}.")
    advice = N_("Run it again first ('python -m app replay'): it says whether the failure shows on this machine.")


class ReplayNotFound(CaseError):
    code = "replay_not_found"
    status = 404
    message = N_("There is no such replay, or it was more than a day ago.")
    advice = N_("Send the case once more.")


class ReplayBusy(CaseError):
    code = "replay_busy"
    status = 409
    message = N_("Another case is being run again; only one runs at a time.")
    advice = N_("Wait until it is done, or stop it on its page.")


class ReplayTimeLimit(CaseError):
    code = "replay_time_limit"
    message = N_("The replay was stopped after {hours} hours.")
    advice = N_("Run it on the command line, which has no limit: 'python -m app replay CASE.zip'.")


class ReplayBroken(CaseError):
    code = "replay_broken"
    message = N_("The replay ended without a result: {why}.")
    advice = N_("Run 'python -m app replay CASE.zip' on the command line and look at what it prints.")
