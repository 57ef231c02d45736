"""How a Rentalot of pretence lets in: keys and plans, limits, pages, errors, idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vacancy.clock import Clock
from vacancy.simulator.systems.serving import Asked, Document, Handler, Told, Window

_DAY = 86_400  # seconds
_REMEMBERED = timedelta(hours=24)
_CODES = {
    401: ("UNAUTHORIZED", "Missing or invalid API key"),
    403: ("FORBIDDEN", "Plan doesn't allow this operation"),
    404: ("NOT_FOUND", "Resource not found"),
    422: ("VALIDATION_ERROR", "Request validation failed"),
    429: ("RATE_LIMITED", "Rate limit exceeded"),
    500: ("INTERNAL_ERROR", "Something went wrong"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan allows: requests a minute and a day, items a page, reading and writing at all."""

    per_minute: int
    per_day: int
    page: int
    reads: bool = True
    writes: bool = True


PLANS = {
    "trial": Plan(30, 5_000, 50, reads=False, writes=False),
    "starter": Plan(30, 5_000, 50, writes=False),
    "pro": Plan(120, 50_000, 100),
    "scale": Plan(600, 500_000, 200),
}


def refusal(status: int, thing: str = "") -> Told:
    """An error in the system's shape; `thing` is what was not found."""
    code, message = _CODES.get(status, _CODES[404])
    said = f"{thing} not found" if thing else message
    told = Told(status, {"error": {"code": code, "message": said}})
    return told.saying(Retry_After="3") if status == 429 else told


def invalid(name: str, message: str) -> Told:
    """What a request with one wrong field is answered."""
    told = refusal(422)
    told.document["error"]["details"] = [{"field": name, "message": message}]
    return told


class Door:
    """Lets requests of one key in, as its plan says, and remembers what was posted."""

    def __init__(self, clock: Clock, key: str, plan: str) -> None:
        self.plan = PLANS[plan]
        self._clock, self._key = clock, key
        self._minute = Window(self.plan.per_minute)
        self._day = Window(self.plan.per_day, _DAY)
        self._left, self._ends = 0, 0
        self._posted: dict[tuple[str, str], tuple[datetime, bytes, Told]] = {}

    def admit(self, asked: Asked) -> Told | None:
        """The refusal of a request that may not pass; None lets it in."""
        now = self._clock.now()
        self._left, self._ends = self._minute.count(asked.bearer, now)
        today, midnight = self._day.count(asked.bearer, now)
        if asked.bearer != self._key:
            return refusal(401)
        if self._left < 0 or today < 0:
            ends = midnight if today < 0 else self._ends
            return refusal(429).saying(Retry_After=str(ends - int(now.timestamp())))
        allowed = self.plan.reads if asked.method == "GET" else self.plan.writes
        return None if allowed else refusal(403)

    def manners(self, asked: Asked, told: Told) -> Told:
        """The answer with the headers that tell of the limits."""
        return told.saying(
            X_RateLimit_Limit=str(self.plan.per_minute),
            X_RateLimit_Remaining=str(max(0, self._left)),
            X_RateLimit_Reset=str(self._ends),
            X_RateLimit_Resource=asked.path.removeprefix("/api/v1/").split("/")[0],
        )

    def page(self, asked: Asked, shelf: Mapping[str, Document]) -> Told:
        """One page of what is on a shelf, of no more items than the plan allows."""
        page, limit = (_counted(asked.query.get(*one)) for one in (("page", "1"), ("limit", "20")))
        if page is None or limit is None:
            return invalid("page" if page is None else "limit", "Must be a positive integer")
        limit = min(limit, self.plan.page)
        pages = -(-len(shelf) // limit)
        counted = {"page": page, "limit": limit, "total": len(shelf), "totalPages": pages}
        shown = [*shelf.values()][(page - 1) * limit : page * limit]
        return Told(200, {"data": shown, "pagination": counted})

    def once(self, do: Handler) -> Handler:
        """The same key with the same body within 24 hours is answered as it was the first time."""

        def answered(asked: Asked) -> Told:
            key = asked.headers.get("idempotency-key", "")
            known = self._posted.get((asked.path, key)) if key else None
            now = self._clock.now()
            if known is None or now - known[0] > _REMEMBERED:
                told = do(asked)
                first = replace(told, raw=told.body)  # whatever becomes of what it speaks of
                self._posted[asked.path, key] = (now, asked.body, first)
                return told
            if known[1] != asked.body:
                return invalid("Idempotency-Key", "Was used for another request")
            return known[2].saying(X_Idempotent_Replayed="true")

        return answered


def _counted(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None
