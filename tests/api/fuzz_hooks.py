"""What no schema can say of a valid request: dates go forward from today, keys are not reused."""

from __future__ import annotations

import itertools
import os
from datetime import date, timedelta
from typing import Any

import schemathesis

_COUNT = itertools.count()
_FIRST = date(2027, 3, 1)


def _forward(said: Any, first: str, last: str) -> None:
    """Make the dates of a valid request nights to come."""
    if (first in said) != (last in said):
        for name in (first, last):
            said.pop(name, None)  # whether one date will do depends on the booking's other one
    elif isinstance(said.get(first), str) and isinstance(said.get(last), str):
        start = _FIRST + timedelta(days=3 * next(_COUNT))
        said[first] = start.isoformat()
        said[last] = (start + timedelta(days=2)).isoformat()


def _mend_body(body: dict[str, Any]) -> None:
    _forward(body, "arrival", "departure")
    body.pop("custom_parameters", None)  # no own field was declared
    if isinstance(body.get("from"), str) and isinstance(body.get("to"), str):
        body |= {"from": "2027-01-10T09:00:00Z", "to": "2027-01-11T09:00:00Z"}
    if isinstance(body.get("until"), str):
        body["until"] = "2027-01-20T09:00:00Z"


def _mend_headers(headers: Any) -> None:
    for name in ("If-Match", "Idempotency-Key", "Last-Event-ID"):
        if name in headers:
            del headers[name]  # tags of nothing, keys that came before, a header that says "null"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if (case.path_parameters or {}).get("key_id") == os.environ.get("VACANCY_FUZZ_KEY"):
        case.path_parameters["key_id"] = "key_of_another"  # whoever asks would lock itself out
    if case.meta is not None and not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.query, dict):
        _forward(case.query, "from", "to")
    if isinstance(case.body, dict):
        _mend_body(case.body)
    if case.headers:
        _mend_headers(case.headers)
