"""Settings, and saved lists of hotwords and rules."""

from __future__ import annotations

from app.domain.errors.base import N_
from app.domain.errors.requests import RequestError


class SettingUnknown(RequestError):
    code = "setting_unknown"
    status = 422
    message = N_("There is no setting {name}.")
    advice = N_("The settings page and docs/settings.md list all of them.")


class SettingFixed(RequestError):
    code = "setting_fixed"
    status = 409
    message = N_("The setting {name} cannot be changed here.")
    advice = N_("It is given where the server is started: by an option, or by its environment variable.")


class SettingRefused(RequestError):
    code = "setting_refused"
    status = 422
    message = N_("The setting {name} cannot have this value. {reason}")
    advice = N_("Choose a value within its bounds; nothing has been changed.")


class SettingsNotKept(RequestError):
    code = "settings_not_kept"
    status = 507
    message = N_("The settings could not be written, so nothing has been changed: {reason}")
    advice = N_("See that {folder} can be written and that its disk is not full, then save again.")


class HotwordListNotFound(RequestError):
    code = "hotword_list_not_found"
    status = 404
    message = N_("There is no list of hotwords {id}.")
    advice = N_("It may have been deleted; load the page again to see the lists that exist.")


class HotwordListExists(RequestError):
    code = "hotword_list_exists"
    status = 409
    message = N_("There is already a list of hotwords named {name}.")
    advice = N_("Choose another name, or replace the list that has it.")


class ReplacementListNotFound(RequestError):
    code = "replacement_list_not_found"
    status = 404
    message = N_("There is no list of rules {id}.")
    advice = N_("It may have been deleted; load the page again to see the lists that exist.")


class ReplacementListExists(RequestError):
    code = "replacement_list_exists"
    status = 409
    message = N_("There is already a list of rules named {name}.")
    advice = N_("Choose another name, or replace the list that has it.")
