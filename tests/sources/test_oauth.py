"""The host's consent: asked for once, proven, and renewed without asking again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import parse_qsl, urlsplit

import pytest

from asking import TRUSTING
from flows.house import TurnedClock
from sources.calling import Pretend, answer
from sources.keeping import Died, Kept
from vacancy.net.client import Called, FetchFailed
from vacancy.net.client import Client as HttpClient
from vacancy.net.guard import Guard
from vacancy.net.politeness import Politeness
from vacancy.secret import Secret
from vacancy.simulator.systems.nowistay import Nowistay
from vacancy.simulator.systems.serving import Simulated
from vacancy.sources.nowistay import consent
from vacancy.sources.oauth import Bearer, Begun, Consent, Grant, granted
from vacancy.sources.port import SourceFailed
from vacancy.sources.wire import Wire

pytestmark = pytest.mark.anyio
REDIRECT = "http://127.0.0.1:41799/"
SCOPES = ("properties.read", "bookings.read")
LIST = "/public/v1/properties"


@pytest.fixture
def system() -> Nowistay:
    return Nowistay(TurnedClock())


@pytest.fixture
def simulated(system: Nowistay) -> Iterator[Simulated]:
    with Simulated(system).running() as simulated:
        yield simulated


@pytest.fixture
async def client(simulated: Simulated) -> AsyncIterator[HttpClient]:
    client = HttpClient(
        Guard([simulated.authority]), "Vacancy/0", politeness=Politeness(9, 0), tls=TRUSTING
    )
    yield client
    await client.aclose()


@pytest.fixture
def asking(client: HttpClient, simulated: Simulated) -> Consent:
    return consent(client, simulated.url)


def chance(count: int) -> bytes:
    return random.Random(7).randbytes(count)


async def begun(asking: Consent) -> tuple[str, Begun]:
    """Registered, and the address that the host is to open."""
    client = await asking.register("Vacancy", REDIRECT, SCOPES)
    return asking.begin(client, REDIRECT, SCOPES, random.Random(7).randbytes)


def opened(address: str) -> str:
    """Where the browser of a host is sent who opens the address."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().headers["Location"]
    finally:
        connection.close()


async def connected(asking: Consent) -> Grant:
    address, kept = await begun(asking)
    return await asking.finish(opened(address), kept)


async def listed(wire: Wire) -> int:
    """How many properties one reading shows."""
    return len((await wire.get(LIST))["data"])


def wire_of(asking: Consent, grant: Grant, kept: Kept) -> Wire:
    kept.row = kept.row or grant.credentials()
    return replace(asking.wire, authority=Bearer(asking, grant, kept))


async def test_a_host_says_yes(asking: Consent) -> None:
    """Register, open, come back: what is kept then opens the API, and shows no secret."""
    grant = await connected(asking)
    assert grant.scopes == set(SCOPES)
    assert granted(grant.credentials()) == grant
    assert await listed(wire_of(asking, grant, Kept())) == 2
    for secret in (grant.access, grant.refresh):
        assert secret is not None
        assert secret.reveal() not in repr(grant)


async def test_the_address_proves_nothing_to_who_reads_it(asking: Consent) -> None:
    """It holds a challenge made by S256, never the verifier, and a state of its own."""
    address, kept = await begun(asking)
    told = dict(parse_qsl(urlsplit(address).query))
    assert told["code_challenge_method"] == "S256"
    assert kept.verifier.reveal() not in address
    assert len(kept.verifier.reveal()) >= 43
    assert told["state"] == kept.state.reveal() != kept.verifier.reveal()
    assert kept.verifier.reveal() not in repr(kept)


async def test_what_followed_the_question_mark_is_enough(asking: Consent) -> None:
    """A host who cannot be sent back copies the address of the page that could not be opened."""
    address, kept = await begun(asking)
    pasted = f"  {opened(address).partition('?')[2]}\n"
    assert (await asking.finish(pasted, kept)).scopes == set(SCOPES)


@pytest.mark.parametrize(
    "returned",
    [
        "http://127.0.0.1:41799/?code=auth_code_1",
        "http://127.0.0.1:41799/?code=auth_code_1&state=another",
        "http://127.0.0.1:41799/?error=access_denied&state=another",
        "auth_code_1",
        "",
        "?state=é",
        "http://[::1/?code=1",
    ],
)
async def test_an_answer_to_another_question_is_none(
    asking: Consent, simulated: Simulated, returned: str
) -> None:
    """Without our own state nothing is exchanged, whatever it holds."""
    _, kept = await begun(asking)
    before = len(simulated.asked)
    with pytest.raises(SourceFailed) as failed:
        await asking.finish(returned, kept)
    assert failed.value.reason == "unauthorized"
    assert len(simulated.asked) == before


async def test_a_host_says_no(asking: Consent, system: Nowistay) -> None:
    """The host is told what to do, should that have been a slip."""
    system.consent.consents = False
    with pytest.raises(SourceFailed, match="vacancy sources connect") as failed:
        await connected(asking)
    assert failed.value.reason == "unauthorized"


async def test_a_code_is_good_once(asking: Consent) -> None:
    """Who overhears it has nothing."""
    address, kept = await begun(asking)
    returned = opened(address)
    await asking.finish(returned, kept)
    with pytest.raises(SourceFailed, match="good once") as failed:
        await asking.finish(returned, kept)
    assert failed.value.reason == "unauthorized"


async def test_a_code_without_its_verifier_is_nothing(asking: Consent) -> None:
    """PKCE: only who began can finish."""
    address, kept = await begun(asking)
    with pytest.raises(SourceFailed):
        await asking.finish(opened(address), replace(kept, verifier=Secret("a" * 43)))


async def test_a_scope_that_was_not_registered_is_refused(asking: Consent) -> None:
    """The system sends the browser back with its no."""
    client = await asking.register("Vacancy", REDIRECT, SCOPES)
    address, kept = asking.begin(client, REDIRECT, (*SCOPES, "bookings.write"), chance)
    with pytest.raises(SourceFailed):
        await asking.finish(opened(address), kept)


async def test_a_token_that_ran_out_is_renewed_once(
    asking: Consent, system: Nowistay, simulated: Simulated
) -> None:
    """The request that was refused is asked again; the host notices nothing."""
    kept = Kept()
    wire = wire_of(asking, await connected(asking), kept)
    system.consent.expire()
    before = len(simulated.asked)
    assert await listed(wire) == 2
    paths = [one.path for one in simulated.asked[before:]]
    assert paths == [LIST, "/public/oauth/token", LIST]
    assert await listed(wire) == 2
    assert len(simulated.asked) == before + 4


async def test_many_requests_renew_one_token(
    asking: Consent, system: Nowistay, simulated: Simulated
) -> None:
    """A refresh token used twice would cost the host's consent."""
    wire = wire_of(asking, await connected(asking), Kept())
    system.consent.expire()
    before = system.consent.replies
    assert await asyncio.gather(*(listed(wire) for _ in range(8))) == [2] * 8
    assert system.consent.replies == before + 1


async def test_what_was_renewed_is_kept_before_it_is_used(
    asking: Consent, system: Nowistay, simulated: Simulated
) -> None:
    """When it is kept, nothing has been asked with it yet."""
    kept = Kept()
    wire = wire_of(asking, await connected(asking), kept)
    system.consent.expire()
    seen: list[str] = []
    kept.as_it_comes = lambda: seen.append(simulated.asked[-1].path)
    assert await listed(wire) == 2
    assert seen == ["/public/oauth/token"]


async def test_a_process_that_died_after_keeping_is_followed_by_one_that_has_the_tokens(
    asking: Consent, system: Nowistay
) -> None:
    """It was killed before it asked anything with them; nothing has to be renewed again."""
    kept = Kept()
    wire = wire_of(asking, await connected(asking), kept)
    system.consent.expire()
    kept.dies = True
    with pytest.raises(Died):
        await listed(wire)
    kept.dies = False
    replies = system.consent.replies
    assert await listed(wire_of(asking, granted(kept.row), kept)) == 2
    assert system.consent.replies == replies


async def test_tokens_that_could_not_be_kept_are_kept_at_the_next_try(
    asking: Consent, system: Nowistay
) -> None:
    """The store was away: what is spent is not asked with again, what came is not lost."""
    kept = Kept()
    wire = wire_of(asking, await connected(asking), kept)
    system.consent.expire()
    kept.trouble = OSError("the store is away")
    with pytest.raises(OSError, match="away"):
        await listed(wire)
    kept.trouble = None
    assert await listed(wire) == 2
    assert await listed(wire_of(asking, granted(kept.row), kept)) == 2


async def test_a_process_that_died_with_the_answer_unheard_needs_the_host(
    asking: Consent, system: Nowistay
) -> None:
    """The refresh token is spent and its successor unknown: said in a sentence that helps."""
    grant = await connected(asking)
    await asking.refresh(grant)
    system.consent.expire()
    with pytest.raises(SourceFailed, match="run `vacancy sources connect` again") as failed:
        await listed(wire_of(asking, grant, Kept()))
    assert failed.value.reason == "unauthorized"


async def test_what_another_process_renewed_is_taken_over(
    asking: Consent, system: Nowistay
) -> None:
    """What is kept is looked at before a refresh token is spent."""
    grant, kept = await connected(asking), Kept()
    ours = wire_of(asking, grant, kept)
    system.consent.expire()
    await listed(wire_of(asking, grant, kept))
    replies = system.consent.replies
    assert await listed(ours) == 2
    assert system.consent.replies == replies


async def test_a_request_that_is_broken_off_does_not_break_the_renewal(
    asking: Consent, system: Nowistay
) -> None:
    """Its time was up while the token endpoint was slow; what comes is kept all the same."""
    kept = Kept()
    wire = wire_of(asking, await connected(asking), kept)
    system.consent.expire()
    kept.waits = asyncio.Event()
    reading = asyncio.create_task(listed(wire))
    while not kept.reached:
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    kept.waits.set()
    assert await listed(wire) == 2
    assert kept.times == 1


async def test_consent_that_was_taken_back_needs_the_host(
    asking: Consent, system: Nowistay, simulated: Simulated
) -> None:
    """One try to renew, and then the sentence that tells what to do."""
    wire = wire_of(asking, await connected(asking), Kept())
    system.consent.revoke()
    before = len(simulated.asked)
    with pytest.raises(SourceFailed, match="vacancy sources connect") as failed:
        await listed(wire)
    assert failed.value.reason == "unauthorized"
    assert len(simulated.asked) == before + 2


async def test_a_busy_token_endpoint_is_asked_later(
    asking: Consent, system: Nowistay, simulated: Simulated
) -> None:
    """The consent stands, and how long it wants to be left alone is told."""
    wire = wire_of(asking, await connected(asking), Kept())
    system.consent.expire()
    simulated.spoil("busy", route="POST /public/oauth/token")
    with pytest.raises(SourceFailed) as failed:
        await listed(wire)
    assert failed.value.reason == "rate_limited"
    assert failed.value.retry_after == timedelta(seconds=30)
    assert await listed(wire) == 2


@pytest.mark.parametrize("trouble", [answer(status=500), FetchFailed("timeout", "x says nothing.")])
async def test_trouble_at_the_token_endpoint_is_no_refusal(
    trouble: Called | FetchFailed,
) -> None:
    """Only a no is one: after trouble the same token is tried again."""
    expired, new = answer(status=401), answer({"access_token": "new"})
    pretend = Pretend(expired, trouble, expired, new, answer({"data": []}))
    wire = wire_of(consent(pretend), GRANT, Kept())
    with pytest.raises(SourceFailed) as failed:
        await listed(wire)
    assert failed.value.reason in {"http_500", "timeout"}
    assert await listed(wire) == 0
    assert pretend.sent[-1].headers["Authorization"] == "Bearer new"


async def test_twenty_requests_a_minute_are_answered(asking: Consent) -> None:
    """The next is told how long to wait."""
    grant = await connected(asking)
    with pytest.raises(SourceFailed) as failed:
        for _ in range(21):
            grant = await asking.refresh(grant)
    assert failed.value.reason == "rate_limited"
    assert failed.value.retry_after is not None
    assert timedelta() < failed.value.retry_after <= timedelta(minutes=1)


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "t", "token_type": "DPoP"},
    ],
)
async def test_an_odd_answer_is_no_token(told: object) -> None:
    """Nothing is taken for a token that is none."""
    with pytest.raises(SourceFailed) as failed:
        await _pretending(told).refresh(GRANT)
    assert failed.value.reason == "unexpected"


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize(
    "told",
    [
        {"error": "invalid_grant", "error_description": "spent: refresh-that-is-secret"},
        {"error": {"code": "invalid_grant", "message": "refresh-that-is-secret is spent"}},
    ],
)
async def test_a_refusal_is_told_without_what_was_shown(told: object, status: int) -> None:
    """In the words of OAuth or of the system; neither may bring a token into an error."""
    with pytest.raises(SourceFailed) as failed:
        await _pretending(told, status).refresh(GRANT)
    assert failed.value.reason == "unauthorized"
    assert "secret" not in failed.value.text


async def test_a_system_that_does_not_rotate_is_fine(asking: Consent) -> None:
    """Without a new refresh token the old one stands, and so do the scopes."""
    renewed = await _pretending({"access_token": "new", "token_type": "bearer"}).refresh(GRANT)
    assert renewed == replace(GRANT, access=Secret("new"))


GRANT = Grant(
    "client_1",
    Secret("access-that-is-secret"),
    frozenset(SCOPES),
    refresh=Secret("refresh-that-is-secret"),
)


def _pretending(told: object, status: int = 200) -> Consent:
    """A system whose token endpoint answers so."""
    return replace(consent(Pretend(answer(told, status))), spelling={})


async def test_a_client_that_keeps_a_secret_shows_it(asking: Consent) -> None:
    """One that the host registered elsewhere: in the exchange, at each renewal, and in no repr."""
    pretend = Pretend(answer({"access_token": "new"}))
    grant = replace(GRANT, client_secret=Secret("secret-of-the-client"))
    await consent(pretend).refresh(grant)
    form = dict(parse_qsl((pretend.sent[0].body or b"").decode()))
    assert form["client_secret"] == "secret-of-the-client"
    assert "secret-of-the-client" not in repr(grant)
    assert granted(grant.credentials()) == grant


def test_a_source_that_was_never_connected_says_so() -> None:
    """What to run stands in the sentence."""
    with pytest.raises(SourceFailed, match="run `vacancy sources connect`"):
        granted({"client_id": "client_1"})
