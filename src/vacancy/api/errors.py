"""What went wrong -> HTTP: the one table, and the one shape of an error.

`{"error": {"code", "message", "request_id", "details"}}`. What nobody foresaw is a 500 of the same
shape that tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from vacancy.domain.errors import Malformed, NightsTaken, Refused, Unknown, VacancyError
from vacancy.store.served import StoreFailure
from vacancy.store.upkeep import collided, describe
from vacancy.vault import VaultError

_LOG = structlog.get_logger(__name__)

#: Refusals that are no 409, by code.
_STATUS = {
    "unauthorized": 401,
    "token_expired": 401,
    "missing_scope": 403,
    "precondition_failed": 412,
    "idempotency_key_reused": 422,
    "fetch_failed": 422,
    "rate_limited": 429,
    "unavailable": 503,
}
_CODES = {404: "not_found", 405: "method_not_allowed", 400: "malformed", 413: "too_large"}
_RETRY = {"Retry-After": "5"}


class Turned(Refused):
    """A request turned away at the door; `headers` go with the answer."""

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.headers = dict(headers or {})


def body_of(
    code: str, message: str, request_id: str, details: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """An error as every error is told."""
    told = {"code": code, "message": message, "request_id": request_id, "details": list(details)}
    return {"error": told}


def install(app: FastAPI) -> None:
    """Answer every error of the app by the table."""
    app.exception_handler(VacancyError)(_vacancy_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(VaultError)(_vault)
    for failure in StoreFailure:
        app.exception_handler(failure)(_store)
    app.exception_handler(Exception)(_unforeseen)


def _answer(
    request: Request,
    status: int,
    told: tuple[str, str],
    details: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    request_id = request.scope.get("state", {}).get("request_id", "")
    document = body_of(*told, request_id, details)
    return JSONResponse(document, status_code=status, headers=dict(headers or {}))


def _vacancy_error(request: Request, error: VacancyError) -> Response:
    match error:
        case Unknown():
            return _answer(request, 404, ("not_found", str(error)))
        case Malformed():
            return _answer(request, 422, ("validation_error", str(error)))
        case NightsTaken():
            details = [{"night": night.isoformat()} for night in error.nights]
            details += [{"booking_id": stay} for stay in error.stays]
            return _answer(request, 409, (error.code, str(error)), details)
        case Turned():
            status = _STATUS.get(error.code, 409)
            return _answer(request, status, (error.code, str(error)), (), error.headers)
        case _:
            return _answer(request, _STATUS.get(error.code, 409), (error.code, str(error)))


def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return _answer(request, 400, ("malformed", "the body is not JSON"))
    # What was sent is not repeated: it may be a secret, or nothing that JSON can say.
    details = [
        {"field": ".".join(str(part) for part in one["loc"]), "message": _text(one)}
        for one in found[:20]
    ]
    first = f"{details[0]['field']}: {details[0]['message']}" if details else "not valid"
    return _answer(request, 422, ("validation_error", _printable(first)), details)


def _text(problem: Mapping[str, Any]) -> str:
    return _printable(str(problem["msg"]).removeprefix("Value error, "))


def _printable(text: str) -> str:
    """Any text as one that UTF-8 can say, and not longer than anyone reads."""
    return text.encode("utf-8", "replace").decode()[:500]


def _http(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    headers = dict(error.headers or {})
    message = str(error.detail)
    if status == 404:
        message = "there is nothing at this address"
    if status == 405:
        headers["Allow"] = ", ".join(_allowed(request))
        message = f"this address takes {headers['Allow']}"
    if status == 400:
        message = "the request cannot be read"
    return _answer(request, status, (_CODES.get(status, "refused"), message), (), headers)


def _allowed(request: Request) -> list[str]:
    """Every method that some route takes at this address; by its very name, if there is one."""
    matching = [
        route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    named = [one for one in matching if getattr(one, "path", "") == request.url.path]
    return sorted({method for one in named or matching for method in getattr(one, "methods", ())})


def _vault(request: Request, error: VaultError) -> Response:
    _LOG.error("vault.failed", error=str(error))
    message = "a sealed value cannot be opened: ask whoever runs this installation"
    return _answer(request, 503, ("sealed", message), (), _RETRY)


def _store(request: Request, error: Exception) -> Response:
    if collided(error):
        message = "somebody else wrote the same just now: read it again, then try again"
        return _answer(request, 409, ("changed_meanwhile", message))
    _LOG.error("store.failed", during="request", error=describe(error))
    return _answer(
        request, 503, ("unavailable", "the store cannot be used just now: try again"), (), _RETRY
    )


def _unforeseen(request: Request, error: Exception) -> Response:
    _LOG.error("request.failed", path=request.url.path, exc_info=error)
    return _answer(request, 500, ("fault", "this is a fault of Vacancy: please report it"))
