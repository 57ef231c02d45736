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
    if isinstance(said.get(first), str) and isinstance(said.get(last), str):
        start = _FIRST + timedelta(days=3 * next(_COUNT))
        said[first] = start.isoformat()
        said[last] = (start + timedelta(days=2)).isoformat()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if (case.path_parameters or {}).get("key_id") == os.environ.get("VACANCY_FUZZ_KEY"):
        case.path_parameters["key_id"] = "key_of_another"  # whoever asks would lock itself out
    meta = case.meta
    if meta is not None and not meta.generation.mode.is_positive:
        return
    if isinstance(case.query, dict):
        _forward(case.query, "from", "to")
    if isinstance(case.body, dict):
        _forward(case.body, "arrival", "departure")
        case.body.pop("custom_parameters", None)  # no own field was declared
        if isinstance(case.body.get("until"), str):
            case.body["until"] = "2027-01-20T09:00:00Z"
    for name in ("If-Match", "Idempotency-Key"):
        if case.headers and name in case.headers:
            del case.headers[name]  # tags of nothing, keys that came before
