"""What is sent: once, guarded, bounded; a status stands whatever becomes of its body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from asking import TRUSTING
from vacancy.net.client import Client, FetchFailed, Limits
from vacancy.net.guard import Guard
from vacancy.secret import Secret
from webhook_receiver import Receiver, Says

pytestmark = pytest.mark.anyio
HEADERS = {"Content-Type": "application/json", "webhook-id": "evt_1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def sending(receiver: Receiver, total: float) -> Client:
    """Tells the receiver, and waits so many seconds for its answer."""
    limits = Limits(total=total, raw=1024, redirects=0)
    return Client(Guard([receiver.origin]), "Vacancy/0", limits=limits, tls=TRUSTING)


@pytest.fixture
async def client(receiver: Receiver) -> AsyncIterator[Client]:
    client = sending(receiver, 15)
    yield client
    await client.aclose()


async def test_a_body_is_sent_as_it_is(client: Client, receiver: Receiver) -> None:
    """With its headers and ours; the answer's head and the beginning of its body come back."""
    receiver.says = Says(200, b"y" * 5000, {"Retry-After": "7"})
    reply = await client.post(Secret(receiver.url("/a?b=%2b")), b'{"a": 1}', HEADERS)
    assert (reply.status, reply.body) == (200, b"y" * 1024)
    assert reply.retry_after is not None
    (sent,) = receiver.sent
    assert (sent.path, sent.body) == ("/a?b=%2b", b'{"a": 1}')
    assert sent.headers["content-length"] == "8"
    assert sent.headers["user-agent"] == "Vacancy/0"
    assert sent.headers["webhook-id"] == "evt_1"


async def test_redirects_are_answers(client: Client, receiver: Receiver) -> None:
    """They are told, not followed."""
    receiver.says = Says(307, headers={"Location": receiver.url("/b")})
    assert (await client.post(Secret(receiver.url("/a")), b"{}", HEADERS)).status == 307
    assert [one.path for one in receiver.sent] == ["/a"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "forbidden_port"),
        ("http://127.0.0.1/", "forbidden_address"),
        ("http://[::ffff:127.0.0.1]/", "forbidden_address"),
        ("http://localhost/", "forbidden_address"),
        ("http://169.254.169.254/", "forbidden_address"),
    ],
)
async def test_the_guard_is_the_same(client: Client, url: str, reason: str) -> None:
    """Literals and names that lead inside are refused, before a byte is sent."""
    with pytest.raises(FetchFailed) as failed:
        await client.post(Secret(url), b"{}", HEADERS)
    assert failed.value.reason == reason


async def test_a_server_that_hangs_is_left(receiver: Receiver) -> None:
    """After the time that a try may take; the error names the host alone."""
    receiver.says = Says(wait=60)
    client = sending(receiver, 0.5)
    with pytest.raises(FetchFailed) as failed:
        await client.post(Secret(receiver.url("/secret")), b"{}", HEADERS)
    await client.aclose()
    assert failed.value.reason == "timeout"
    assert "secret" not in str(failed.value)


async def test_a_status_stands_without_its_body(receiver: Receiver) -> None:
    """Less than was promised, or nothing of it: the status was said."""
    receiver.says = Says(200, b"abc", {"Content-Length": "900"})
    client = sending(receiver, 2)
    reply = await client.post(Secret(receiver.url()), b"{}", HEADERS)
    await client.aclose()
    assert reply.status == 200
    assert reply.body in (b"", b"abc")
