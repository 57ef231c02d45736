"""docs/api.md is true: every call in it is made, and every code in its table is one of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

from api.asking import ApiHouse
from api.page import PAGE, calls
from vacancy.api.app import schema

ROOT = Path(__file__).resolve().parents[2]

#: Refusals that only a page of the console meets.
_IN_THE_CONSOLE = {"link_over", "too_many_tries", "weak_password", "wrong_password"}
#: Refusals that no program meets over the API.
_AT_THE_MACHINE = {
    *("ambiguous", "file_exists", "in_config", "not_sqlite", "not_suspicious", "user_revoked"),
}


def test_every_call_of_the_page_works(api: ApiHouse) -> None:
    """In the order in which a reader makes them, on a house with the units of the demo."""
    for slug in ("sea-view", "old-mill"):
        api.a_unit(slug, max_guests=4)
    made = [
        api.client.request(one.method, one.path, headers=one.headers, content=one.body)
        for one in calls(api.key, "2027-11-06", "2027-11-08")
    ]
    assert len(made) >= 9
    assert [one.text for one in made if not one.is_success] == []
    answers = [one.json() for one in made]
    assert [one["unit"] for one in answers[3]["data"]] == ["old-mill", "sea-view"]
    assert (answers[4]["status"], answers[4]["sources"]) == ("held", [])
    assert answers[-3]["data"][0]["guest"]["name"] == "Ana Silva"


def test_every_operation_of_the_page_is_served() -> None:
    """Methods and paths as they are written in the text."""
    ways = {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path))
        for path, operations in schema()["paths"].items()
        for method in operations
    }
    named = re.findall(r"`(GET|POST|PATCH|DELETE) (/v1/[a-z{}/-]+)`", PAGE)
    assert len(named) >= 3
    assert [one for one in named if one not in ways] == []


def test_every_code_of_the_page_is_one_of_ours() -> None:
    """The table names what the source says, and the example has the shape of an error."""
    source = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    table = PAGE.partition("| status | code |")[2].partition("\n\n")[0]
    codes = re.findall(r"`([a-z_]+)`", table)
    assert len(codes) > 15
    foreign = {"details", "sources"}
    assert [code for code in codes if f'"{code}"' not in source and code not in foreign] == []
    said = re.findall(r'(?:Refused|Turned|Refusal)\(\s*"([a-z_]+)"', source)
    assert {*said} - {*codes} - _AT_THE_MACHINE - _IN_THE_CONSOLE == {"bad_redirect"}
    example = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])
    assert set(example["error"]) == {"code", "message", "request_id", "details"}
