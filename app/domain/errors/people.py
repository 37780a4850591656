"""Login, permissions, and what people share."""

from __future__ import annotations

from app.domain.errors.base import N_
from app.domain.errors.requests import RequestError


class LoginRequired(RequestError):
    code = "login_required"
    status = 401
    message = N_("This needs a login.")
    advice = N_("Log in, or send an API key as `Authorization: Bearer KEY`.")


class WrongPassword(RequestError):
    code = "wrong_password"
    status = 401
    message = N_("The name or the password is wrong.")
    advice = N_("Check both; an administrator can give you a link that sets a new password.")


class TooManyAttempts(RequestError):
    code = "too_many_attempts"
    status = 429
    message = N_("There were too many wrong passwords.")
    advice = N_("Try again in {seconds} seconds.")


class TooManyRequests(RequestError):
    code = "too_many_requests"
    status = 429
    message = N_("You have sent more than {most} requests in a minute.")
    advice = N_("Try again in {seconds} seconds; FUNASR_REQUESTS_PER_MINUTE is the limit.")


class TooManyUploads(RequestError):
    code = "too_many_uploads"
    status = 429
    message = N_("You are sending {most} files at the same time already.")
    advice = N_("Send the next one when one of them is there; FUNASR_UPLOADS_AT_ONCE is the limit.")


class NotPermitted(RequestError):
    code = "not_permitted"
    status = 403
    message = N_("You may not do this.")
    advice = N_("An administrator, or the owner of the thing, can allow it.")


class PersonNotFound(RequestError):
    code = "person_not_found"
    status = 404
    message = N_("There is no such person: {id}")
    advice = N_("Choose one of the list; the person may have been removed.")


class NameTaken(RequestError):
    code = "name_taken"
    status = 409
    message = N_("Another person is called {name}.")
    advice = N_("Choose another name.")


class WeakPassword(RequestError):
    code = "weak_password"
    status = 422
    message = N_("The password cannot be used: {reason}")
    advice = N_("Take at least 10 characters, for example four words that do not belong together.")


class LastAdministrator(RequestError):
    code = "last_administrator"
    status = 409
    message = N_("This is the only administrator.")
    advice = N_("Make somebody else an administrator first.")


class LinkNotValid(RequestError):
    code = "link_not_valid"
    status = 410
    message = N_("This link is no longer valid.")
    advice = N_("Ask for a new one: links are used once, or end after a time.")


class KeyNotFound(RequestError):
    code = "key_not_found"
    status = 404
    message = N_("There is no such API key: {id}")
    advice = N_("It may have been removed already.")


class ShareNotFound(RequestError):
    code = "share_not_found"
    status = 404
    message = N_("There is no such share: {id}")
    advice = N_("It may have ended, or been withdrawn already.")


class SharingNeedsLogin(RequestError):
    code = "sharing_needs_login"
    status = 409
    message = N_("Nobody logs in here, so everybody who reaches the server sees everything.")
    advice = N_("Send the address of the page; to share single texts, add accounts first.")


class TooManyKeys(RequestError):
    code = "too_many_keys"
    status = 409
    message = N_("You have {most} API keys already.")
    advice = N_("Remove one that is no longer used.")


class QuotaReached(RequestError):
    code = "quota_reached"
    status = 429
    message = N_("A limit is reached ({detail}): {reason}")
    advice = N_("Try again then; an administrator can raise the limit.")


class LoginProviderUnusable(RequestError):
    code = "login_provider_unusable"
    status = 503
    message = N_("The service that logs people in cannot be used.")
    advice = N_("Try again later, or log in with a password; app.log says why.")


class LoginNotAccepted(RequestError):
    code = "login_not_accepted"
    status = 403
    message = N_("The login was not accepted: {reason}")
    advice = N_("An administrator can say who may log in.")


class LoginExpired(RequestError):
    code = "login_expired"
    status = 400
    message = N_("This login was not begun in this browser, or too long ago.")
    advice = N_("Begin again on the page of the login.")
