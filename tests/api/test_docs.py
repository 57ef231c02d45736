"""docs/api.md is true: every call in it is made, and every code in its table is one of ours."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from api.asking import ApiHouse

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()


def calls() -> list[list[str]]:
    """Every curl command of the page, as words."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S)).replace("\\\n", " ")
    return [shlex.split(line) for line in blocks.splitlines() if line.startswith("curl")]


def ask(api: ApiHouse, words: list[str]) -> Any:
    headers, method, body, url = {}, "GET", None, ""
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value.replace("$KEY", api.key)
        elif word == "-X":
            method = next(rest)
        elif word == "-d":
            body = next(rest)
        elif word != "-s":
            url = word.replace("$API", "")
    return api.client.request(method, url, headers=headers, content=body)


def test_every_call_of_the_page_works(api: ApiHouse) -> None:
    """In the order in which a reader makes them, on a house with the units of the demo."""
    api.a_unit("sea-view", max_guests=2)
    made = [ask(api, words) for words in calls()]
    assert len(made) >= 7
    assert [one.status_code for one in made if not one.is_success] == []
    assert made[-2].json()["data"][0]["guest"]["name"] == "Ana Silva"


def test_every_code_of_the_page_is_one_of_ours() -> None:
    """The table names what the source says, and the example has the shape of an error."""
    source = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    table = PAGE.partition("| status | code |")[2].partition("\n\n")[0]
    codes = re.findall(r"`([a-z_]+)`", table)
    assert len(codes) > 15
    assert [code for code in codes if f'"{code}"' not in source and code != "details"] == []
    example = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])
    assert set(example["error"]) == {"code", "message", "request_id", "details"}
