"""https is checked: the certificate, its name, and that no redirect leaves it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from asking import AGENT, fetched
from hostile import HostileServer
from hostile_answers import good
from vacancy.net.client import Client, FetchFailed, Limits
from vacancy.net.guard import Guard
from vacancy.secret import Secret

pytestmark = pytest.mark.anyio

START = datetime(2020, 1, 1, tzinfo=UTC)


def certificate(folder: Path, name: str, *, until: datetime) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for a name: its file, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[HostileServer, ssl.SSLContext]]:
    """A server that speaks https as localhost, and a context that trusts it."""
    public, context = certificate(tmp_path, "localhost", until=START + timedelta(days=36500))
    with HostileServer(tls=context) as server:
        yield server, ssl.create_default_context(cafile=str(public))


def asks(*servers: HostileServer, tls: ssl.SSLContext | None = None) -> Client:
    guard = Guard(server.origin for server in servers)
    return Client(guard, AGENT, limits=Limits(total=3.0), tls=tls)


async def test_https_with_a_trusted_certificate_is_read(
    secure: tuple[HostileServer, ssl.SSLContext],
) -> None:
    """`webcal://` is https by another name."""
    server, trusted = secure
    client = asks(server, tls=trusted)
    for url in (server.url("/good"), f"webcal://{server.origin}/good"):
        answer = await client.get(Secret(url))
        assert answer.body == good()
    await client.aclose()


async def test_an_unknown_certificate_is_a_tls_failure(
    secure: tuple[HostileServer, ssl.SSLContext],
) -> None:
    """The usual trust store does not know it, and nothing was asked."""
    server, _ = secure
    client = asks(server)
    failure = await fetched(client, server.url("/good"))
    assert isinstance(failure, FetchFailed)
    assert (failure.reason, server.requests()) == ("tls", [])
    await client.aclose()


@pytest.mark.parametrize(
    ("name", "until"),
    [
        ("elsewhere.test", START + timedelta(days=36500)),
        ("localhost", START + timedelta(days=30)),
    ],
)
async def test_a_wrong_certificate_is_a_tls_failure(
    tmp_path: Path, name: str, until: datetime
) -> None:
    """Made for another name, or run out: trusted as it may be."""
    public, context = certificate(tmp_path, name, until=until)
    with HostileServer(tls=context) as server:
        client = asks(server, tls=ssl.create_default_context(cafile=str(public)))
        failure = await fetched(client, server.url("/good"))
        await client.aclose()
    assert isinstance(failure, FetchFailed)
    assert failure.reason == "tls"


async def test_no_redirect_leads_out_of_https(
    secure: tuple[HostileServer, ssl.SSLContext], server: HostileServer
) -> None:
    """The token would go over the wire in the clear, and anyone could answer."""
    safe, trusted = secure
    safe.serve("/down", b"", status=302, headers={"Location": server.url("/good")})
    client = asks(safe, server, tls=trusted)
    failure = await fetched(client, safe.url("/down"))
    assert isinstance(failure, FetchFailed)
    assert (failure.reason, server.requests()) == ("bad_redirect", [])
    await client.aclose()


async def test_a_redirect_up_to_https_is_followed(
    secure: tuple[HostileServer, ssl.SSLContext], server: HostileServer
) -> None:
    """Most http addresses only point to https."""
    safe, trusted = secure
    server.serve("/up", b"", status=301, headers={"Location": safe.url("/good")})
    client = asks(safe, server, tls=trusted)
    answer = await fetched(client, server.url("/up"))
    assert not isinstance(answer, FetchFailed)
    assert (answer.body, answer.final_host) == (good(), "localhost")
    await client.aclose()
