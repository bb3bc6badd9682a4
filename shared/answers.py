"""Failures as HTTP: the status of each, and a body with code and sentence."""

import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.errors import (
    BlockedError,
    ConflictError,
    InvalidInputError,
    MesError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    OutOfLimitsError,
    RetryLaterError,
    StationFaultError,
    TooLargeError,
    TooManyRequestsError,
    TooManyTriesError,
)

STATUS: dict[type[MesError], int] = {
    InvalidInputError: 422,
    TooLargeError: 413,
    NotSignedInError: 401,
    NotAllowedError: 403,
    OutOfLimitsError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    BlockedError: 409,
    StationFaultError: 502,
    TooManyTriesError: 429,
    TooManyRequestsError: 429,
    RetryLaterError: 503,
}
# What the framework itself refuses, by status.
OF_THE_FRAMEWORK = {
    400: InvalidInputError,
    404: NotFoundError,
    405: NotAllowedError,
    413: TooLargeError,
}


def answers(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers with files of these types."""
    return {200: {"content": {media_type: {} for media_type in media_types}}}


def status_of(error: MesError) -> int:
    """Return the HTTP status of a failure; the one mapping."""
    for cls in type(error).__mro__:
        if issubclass(cls, MesError) and cls in STATUS:
            return STATUS[cls]
    return 500


def answer_to(error: MesError) -> JSONResponse:
    """Return the answer that tells a failure."""
    body: dict[str, Any] = {"code": type(error).__name__, "detail": str(error)}
    if isinstance(error, ConflictError) and error.current is not None:
        body["current"] = jsonable_encoder(error.current)
    headers = {}
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))  # RFC 9110: whole seconds
    return JSONResponse(body, status_of(error), headers)


def answer_errors(app: FastAPI) -> None:
    """Answer each MesError with its code and message, and refused input with field and limit."""

    @app.exception_handler(MesError)
    async def on_mes_error(_: Request, error: MesError) -> JSONResponse:
        return answer_to(error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        detail = f"{where}: {said} (given: {str(first.get('input'))[:100]})"
        return JSONResponse({"code": "InvalidInputError", "detail": detail}, 422)

    @app.exception_handler(HTTPException)
    async def on_refused(request: Request, error: HTTPException) -> JSONResponse:
        code = OF_THE_FRAMEWORK.get(error.status_code, MesError).__name__
        detail = f"{request.method} {request.url.path}: {error.detail}"
        return JSONResponse({"code": code, "detail": detail}, error.status_code, error.headers)
