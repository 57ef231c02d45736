"""The simulated Nowistay answers the curl examples of its document as it is printed there."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from sources.curls import Curl, curls, document
from vacancy.clock import SystemClock
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.nowistay import SCOPES, Nowistay
from vacancy.simulator.systems.oauth import Mint, Registered, numbered
from vacancy.simulator.systems.serving import Asked, Simulated, Sold

#: What the document prints where a real system draws at random.
PRINTED = {
    "client_": "client_2Yw4Rk9pQp",
    "client_secret_": "client_secret_example",
    "auth_code_": "auth_code_123",
    "nis_access_": "nis_access_token_example",
    "nis_refresh_": "nis_refresh_token_example",
}
VERIFIER = "ORIGINAL_PKCE_VERIFIER"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
REDIRECT = "https://my-app.example.com/oauth/callback"


def printed() -> Mint:
    """Draws what the document prints, once each."""
    left, more = dict(PRINTED), numbered()
    return lambda prefix: left.pop(prefix, "") or more(prefix)


@pytest.fixture
def system() -> Nowistay:
    system = Nowistay(SystemClock(datetime(2026, 7, 1, 9, tzinfo=UTC)), mint=printed())
    del system.books.properties["102"]
    system.add(Sold("101", Nights(date(2026, 7, 10), date(2026, 7, 13))))
    return system


@pytest.fixture
def simulated(system: Nowistay) -> Iterator[Simulated]:
    with Simulated(system).running() as simulated:
        yield simulated


@pytest.fixture
def examples() -> Iterator[Curl]:
    """The examples of the document, in its order: each is to be asked."""
    found = iter(curls(document("nowistay.txt")))
    yield found
    assert next(found, None) is None, "an example was left out"


def shown(after: str) -> dict[str, object]:
    """The JSON that the document prints next after a sentence of its own."""
    text = document("nowistay.txt").partition(after)[2]
    found, _ = json.JSONDecoder().raw_decode(text[text.index("\n{\n") + 1 :])
    return found


def test_the_examples_answer_as_printed(
    system: Nowistay, simulated: Simulated, examples: Iterator[Curl]
) -> None:
    """From registering a client to the activity of a property, one after another."""
    registered = simulated.answer(next(examples).asked())
    assert registered.status == 201
    assert shown("Response (shortened):").items() <= registered.document.items()

    back = simulated.answer(_authorize()).headers["Location"]
    assert back == f"{REDIRECT}?code=auth_code_123&state=RANDOM_STATE"

    tokens = simulated.answer(next(examples).asked())
    assert (tokens.status, tokens.document) == (200, shown("Response:"))

    let = simulated.answer(next(examples).asked())
    assert (let.status, let.document) == (200, shown("Sample response:"))

    renewed = simulated.answer(next(examples).asked())
    assert (renewed.status, renewed.document.keys()) == (200, tokens.document.keys())
    assert renewed.document["refresh_token"] != tokens.document["refresh_token"]

    _consent_to_everything(system)
    statuses = [simulated.answer(example.asked()).status for example in examples]
    assert statuses == [200, 200, 200, 200, 201, 200, 201, 200]
    changed = system.books.bookings["9001"]
    assert (changed["arrival"], changed["amount"]) == ("2026-07-14", "620.00")
    assert changed["customParameters"] == {"external_status": "ready"}


def test_the_bookings_of_a_month_are_listed(system: Nowistay, simulated: Simulated) -> None:
    """By the filters of the example, and no more than it shows without the further scope."""
    _consent_to_everything(system)
    example = next(one for one in curls(document("nowistay.txt")) if "fromDate" in one.url)
    told = simulated.answer(example.asked()).document
    assert [one["id"] for one in told["data"]] == [9001]
    assert told["pagination"] == {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}
    assert "guestEmail" not in told["data"][0]


def test_an_error_is_shaped_as_printed(system: Nowistay, simulated: Simulated) -> None:
    """With the code and the message of the document's own example."""
    _consent_to_everything(system)
    example = next(one for one in curls(document("nowistay.txt")) if "external_status" in str(one))
    example.data = [json.dumps({"key": "External status", "name": "External status"})]
    told = simulated.answer(example.asked())
    error = shown("Every error follows the same shape")["error"]
    assert isinstance(error, dict)
    assert told.status == 422
    assert told.document["error"].keys() == error.keys()
    assert told.document["error"] | {"requestId": error["requestId"]} == error


@pytest.mark.parametrize(
    ("kind", "most"), [("register", 20), ("properties", 120), ("parameters", 30)]
)
def test_the_limits_of_the_document_hold(
    system: Nowistay, simulated: Simulated, kind: str, most: int
) -> None:
    """So many requests in a minute are answered, and the next is told how long to wait."""
    _consent_to_everything(system)
    every = curls(document("nowistay.txt"))
    example = next(one for one in every if one.path.endswith(kind))
    statuses = [simulated.answer(example.asked()).status for _ in range(most)]
    assert 429 not in statuses
    over = simulated.answer(example.asked())
    assert over.status == 429
    assert 0 < int(over.headers["Retry-After"]) <= 60


def _authorize() -> Asked:
    """The request of step 2, which a browser makes."""
    text = document("nowistay.txt").partition("Then redirect the user to:")[2]
    url = "".join(text.strip().partition("\n\n")[0].split())
    url = url.replace("BASE64URL_S256_HASH", CHALLENGE.decode())
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    return Asked("GET", urlsplit(url).path, query)


def _consent_to_everything(system: Nowistay) -> None:
    """The token of the examples holds every scope."""
    every = frozenset(SCOPES)
    grant = system.consent.grant(Registered("client_all", "", (), every), every)
    grant.access = PRINTED["nis_access_"]
