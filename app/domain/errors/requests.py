"""Invalid requests."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class RequestError(AppError):
    status = 422


class UnknownLanguage(RequestError):
    code = "unknown_language"
    message = N_("The language '{language}' is not known.")
    advice = N_("Choose one of: {known}.")


class UnknownFormat(RequestError):
    code = "unknown_format"
    message = N_("The format '{format}' is not known.")
    advice = N_("Choose one of: {known}.")


class InvalidParameter(RequestError):
    code = "invalid_parameter"
    message = N_("The value of '{name}' does not fit: {reason}")
    advice = N_("Correct the value and send the request again; /docs lists every parameter.")


class NotFound(RequestError):
    code = "not_found"
    status = 404
    message = N_("There is nothing at {path}.")
    advice = N_("Check the address, or start from the first page.")


class MethodNotAllowed(RequestError):
    code = "method_not_allowed"
    status = 405
    message = N_("{path} does not answer {method}.")
    advice = N_("/docs lists what every address answers.")


class RequestTooLarge(RequestError):
    code = "request_too_large"
    status = 413
    message = N_("The request is larger than {limit_kb} KB.")
    advice = N_("Only recordings may be large; send them as multipart form data to /api/v1/transcriptions.")


class ServerBusy(RequestError):
    code = "server_busy"
    status = 503
    message = N_("Too many requests wait for the disk or the database already.")
    advice = N_("Try again in a minute. Where it stays so, 'python -m app doctor' tells what is slow.")


class RangeNotSatisfiable(RequestError):
    code = "range_not_satisfiable"
    status = 416
    message = N_("The asked range lies outside the recording of {size} bytes.")
    advice = N_("Ask for bytes below that size.")


class MetricsNotAllowed(RequestError):
    code = "metrics_not_allowed"
    status = 403
    message = N_("The metrics may not be read from {address}.")
    advice = N_("Let the administrator add the address to FUNASR_METRICS_FROM.")


class HostNotAllowed(RequestError):
    code = "host_not_allowed"
    status = 403
    message = N_("This server does not answer under the name '{host}'.")
    advice = N_("Open it by its address, or let the administrator add the name to FUNASR_ALLOWED_HOSTS.")


class CrossSiteRequest(RequestError):
    code = "cross_site_request"
    status = 403
    message = N_("A page of another site ({origin}) tried to change something here; it was refused.")
    advice = N_("Use the pages of this server. Programs that are not browsers send no Origin header.")
