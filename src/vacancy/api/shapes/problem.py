"""An error, and which errors any operation may answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ErrorDetail(BaseModel):
    """One thing that was wrong, or stands in the way."""

    field: str | None = Field(default=None, examples=["body.arrival"])
    message: str | None = Field(default=None, examples=["must be a date such as 2027-02-03"])
    night: str | None = Field(default=None, examples=["2027-02-03"])
    booking_id: str | None = Field(default=None, examples=["stay_01m87wre8d7v8173w4n4ph53mb"])


class Error(BaseModel):
    """What went wrong: `code` is for programs and stays the same, `message` is for people."""

    code: str = Field(examples=["nights_taken"])
    message: str = Field(examples=["already taken: 2027-02-03; choose other nights"])
    request_id: str = Field(examples=["req_9f8e7d6c5b4a39281706f5e4"])
    details: list[ErrorDetail] = []


class Problem(BaseModel):
    """The body of every answer that is an error."""

    error: Error


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request cannot be read."},
    401: {"model": Problem, "description": "No valid key."},
    403: {"model": Problem, "description": "The key lacks the scope."},
    404: {"model": Problem, "description": "There is no such thing."},
    408: {"model": Problem, "description": "The body came too slowly."},
    409: {"model": Problem, "description": "It cannot be done as things stand."},
    412: {"model": Problem, "description": "It was changed since it was read."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "A value is not valid."},
    429: {"model": Problem, "description": "Too many requests in a minute."},
    503: {"model": Problem, "description": "The store cannot be used just now."},
}
