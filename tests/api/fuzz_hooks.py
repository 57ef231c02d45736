"""What no schema can say of a valid request: things exist, dates go forward, keys are not reused.

`VACANCY_FUZZ_THINGS` names a file of the ids by kind that exist. The first of each is never taken
away; each of the others is taken away once, so that what follows meets a thing that is gone.
"""

from __future__ import annotations

import itertools
import json
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation

_COUNT = itertools.count()
_FIRST = date(2029, 3, 1)
_THINGS: dict[str, list[str]] = json.loads(Path(os.environ["VACANCY_FUZZ_THINGS"]).read_text())
_SPARE = {kind: ids[1:] for kind, ids in _THINGS.items()}
#: POSTs after which the thing is no longer what it was.
_ENDING = ("/cancel", "/release", "/confirm")


def _positive(case: Any, place: ParameterLocation) -> bool:
    """Whether this part of the request is as the schema wants it."""
    if case.meta is None:
        return True
    part = case.meta.components.get(place)
    return part is None or part.mode.is_positive


def _name_things(said: Any, *, ending: bool = False) -> None:
    """Put ids of what exists in the place of ids that could exist."""
    for name in said:
        kind = name.removesuffix("_id")
        if kind == name or kind not in _THINGS or not isinstance(said[name], str):
            continue
        if not ending:
            said[name] = _THINGS[kind][0]
        elif _SPARE[kind]:
            said[name] = _SPARE[kind].pop()


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
    _name_things(body)
    _forward(body, "arrival", "departure")
    body.pop("custom_parameters", None)  # which fields were declared is not in the schema
    if isinstance(body.get("from"), str) and isinstance(body.get("to"), str):
        body |= {"from": "2027-01-10T09:00:00Z", "to": "2027-01-11T09:00:00Z"}
    if isinstance(body.get("until"), str):
        body["until"] = "2027-01-20T09:00:00Z"


def _mend_headers(headers: Any) -> None:
    for name in ("If-Match", "Idempotency-Key"):
        if name in headers:
            del headers[name]  # a tag of nothing, a key that came before with another body


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    ending = case.method == "DELETE" or case.path.endswith(_ENDING)
    if case.path_parameters and _positive(case, ParameterLocation.PATH):
        _name_things(case.path_parameters, ending=ending)
    if (case.path_parameters or {}).get("key_id") == os.environ.get("VACANCY_FUZZ_KEY"):
        case.path_parameters["key_id"] = "key_of_another"  # whoever asks would lock itself out
    if isinstance(case.query, dict) and _positive(case, ParameterLocation.QUERY):
        _name_things(case.query)
        _forward(case.query, "from", "to")
    if isinstance(case.body, dict) and _positive(case, ParameterLocation.BODY):
        _mend_body(case.body)
    if case.headers and _positive(case, ParameterLocation.HEADER):
        _mend_headers(case.headers)
