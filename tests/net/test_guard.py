"""No address, however spelt, looked up or redirected to, leads into the host's own network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import AGENT, TRUSTING, client_for, fetched
from hostile import HostileServer
from hostile_answers import LOOPBACKS, good
from vacancy.net import dial, guard
from vacancy.net.client import Client, FetchFailed, Limits
from vacancy.net.guard import Guard, Refusal, is_forbidden, is_never_allowed
from vacancy.net.politeness import Politeness


def words(text: str) -> list[str]:
    return text.split()


FORBIDDEN = words("""
0.0.0.0 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.127.255.255 127.0.0.1
127.255.255.254 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
198.51.100.7 203.0.113.9 168.63.129.16 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
100.100.100.200 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::a00:1 64:ff9b:1::1
64:ff9b:1:ffff::808:808 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1
2001:1ff:ffff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00::1
fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 4000::1
""")

PUBLIC = words("""
8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0
198.17.255.255 198.20.0.0 223.255.255.255 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1
2001:200::1 2003::1 64:ff9b::808:808
""")

NEVER = words("""
169.254.169.254 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe ::169.254.1.1
2002:a9fe:a9fe:: 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254
""")

#: Spellings that some parser reads as the loopback.
SPELLINGS = words("""
127.0.0.1 127.0.0.01 127.1 127.0.1 0 0.0.0.0 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 0x7F.1
017700000001 0177.1 0177.0.0.1 127.0x1 127.255.255.254 localhost LOCALHOST localhost. 127.0.0.1.
[::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:0:127.0.0.1]
[64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [2002:7f00:1::] [2001:0:7f00:1::] [fe80::1] [fe80::1%25lo]
[fec0::1] [::1%25lo] [fd00::1]
127\u30020\u30020\u30021 127\uff0e0\uff0e0\uff0e1 127\uff610\uff610\uff611
\u2460\u2461\u2466.\u24ea.\u24ea.\u2460 \uff11\uff12\uff17.0.0.1 loc\u00adalhost \uff4c\uff4fcalhost
127%2e0%2e0%2e1 %31%32%37.0.0.1 127.0.0.1%00 127%E3%80%820%E3%80%820%E3%80%821 1%37.0.0.1
user@127.0.0.1 user:pw@127.0.0.1 example.com\\@127.0.0.1 example.com@127.0.0.1
127.0.0.1\\.example.com example.com%40127.0.0.1 @127.0.0.1 127.0.0.1\0 127.0\0.0.1 127.0.0.1\x7f
10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.100.100.200 168.63.129.16 [fd00:ec2::254]
0xa9fea9fe 2852039166 metadata.internal rebound.test 224.0.0.1 255.255.255.255
""")


@pytest.mark.parametrize("ip", FORBIDDEN)
def test_forbidden_addresses_are_told_why(ip: str) -> None:
    """Private, local, tunnelled, translated, reserved: each with its reason in words."""
    assert is_forbidden(ip)


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses_pass(ip: str) -> None:
    """Right up to the borders of the forbidden ranges."""
    assert is_forbidden(ip) is None


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_passes(ip: object) -> None:
    """The table is stricter than `ipaddress`, whatever the address; NAT64 is judged by its goal."""
    address = ip_address(str(ip))
    if address in ip_network("64:ff9b::/96"):
        address = ip_address(int(address) & 0xFFFFFFFF)
    odd = address.is_multicast or address.is_link_local or not address.is_global
    if odd and not (isinstance(address, IPv6Address) and address.ipv4_mapped):
        assert is_forbidden(address)


@pytest.mark.parametrize("ip", NEVER)
def test_link_local_and_metadata_are_never_allowed(ip: str) -> None:
    """Whatever the config allows, in every disguise."""
    assert is_never_allowed(ip)
    assert is_forbidden(ip)
    with pytest.raises(Refusal):
        Guard().check([ip], allowed=True)


def test_one_bad_answer_spoils_the_name() -> None:
    """A name with a public and a private address is refused: which is dialled is chance."""
    Guard().check(["8.8.8.8", "2606:4700::1111"], allowed=False)
    with pytest.raises(Refusal, match="this machine itself"):
        Guard().check(["8.8.8.8", "127.0.0.1"], allowed=False)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "bad_url"),
        ("airbnb.com/1.ics", "bad_url"),
        ("ftp://example.com/1.ics", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("javascript:alert(1)", "bad_url"),
        ("https://", "bad_url"),
        ("https:///1.ics", "bad_url"),
        ("https://example.com:99999/", "bad_url"),
        ("https://example.com:x/", "bad_url"),
        ("https://[::1/", "bad_url"),
        ("https://exa mple.com/", "bad_url"),
        ("https://example.com/\r\nX: y", "bad_url"),
        ("https://example.com/\0", "bad_url"),
        ("https://user@example.com/", "bad_url"),
        ("https://example.com\\@evil.test/", "bad_url"),
        ("https://example.com/" + "x" * 9000, "bad_url"),
        ("https://example.com:22/", "forbidden_port"),
        ("http://example.com:8080/", "forbidden_port"),
        ("https://example.com:0/", "forbidden_port"),
    ],
)
def test_what_is_no_address_is_refused(address: str, reason: str) -> None:
    """With a sentence, and never with the address in it."""
    with pytest.raises(Refusal) as refused:
        Guard().aim(address)
    assert refused.value.reason == reason
    assert "example.com" not in refused.value.why


def test_ports_80_and_443_are_open_and_others_by_leave() -> None:
    """`allow_private` names host and port, and neither alone is enough."""
    guard = Guard(["cal.home:8080", "[::1]:9001"])
    for address in (
        "https://example.com/",
        "http://example.com:443/",
        "https://example.com:80/",
        "http://CAL.home:8080/x",
        "http://[::1]:9001/",
    ):
        assert guard.aim(address)
    assert guard.aim("http://cal.home:8080/").allowed
    assert not guard.aim("http://cal.home/").allowed
    for address in ("http://cal.home:8081/", "http://other.home:8080/", "http://[::1]/"):
        with pytest.raises(Refusal):
            guard.aim(address)


@pytest.mark.parametrize(
    "text", ["", "host", "host:", ":80", "host:x", "host:80/path", "u@host:80"]
)
def test_leave_must_be_host_and_port(text: str) -> None:
    """Anything else would allow less, or more, than was meant."""
    with pytest.raises(ValueError, match=r".*"):
        Guard([text])


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_a_refusal(text: str) -> None:
    """No text makes the parser fail in another way."""
    for address in (text, f"https://{text}/", f"https://example.com/{text}"):
        try:
            target = Guard().aim(address)
        except Refusal:
            continue
        assert target.address.isascii()
        assert Guard().aim(target.address) == target


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """A listener on the loopback that must hear nothing; plain http goes to its port."""
    with HostileServer() as server:
        server.serve("/", good())
        monkeypatch.setitem(guard.DEFAULT_PORTS, "http", server.port)
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server's answers: one name is rebound to the loopback beside its public address."""
    real = socket.getaddrinfo
    lies = {"rebound.test": ("8.8.8.8", "127.0.0.1"), "metadata.internal": ("169.254.169.254",)}

    def lookup(host: str, port: int, *rest: object, **more: object) -> list[tuple[object, ...]]:
        if host in lies:
            stream = socket.SOCK_STREAM
            return [(socket.AF_INET, stream, 6, "", (ip, port)) for ip in lies[host]]
        return real(host, port, *rest, **more)  # type: ignore[arg-type,return-value]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


REFUSED = {"forbidden_address", "bad_url", "bad_redirect"}
#: `localhost.` and the like are not found on every machine.
UNHEARD = REFUSED | {"dns"}


@pytest.mark.anyio
@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_reaches_the_loopback(canary: HostileServer, spelling: str) -> None:
    """Asked for directly, by http and https, by the canary's port and by port 80."""
    client = Client(
        Guard(), AGENT, limits=Limits(total=3.0), politeness=Politeness(9, 0), tls=TRUSTING
    )
    for address in (
        f"http://{spelling}/",
        f"http://{spelling}:{canary.port}/",
        f"http://{spelling}:80/",
        f"https://{spelling}/",
    ):
        failure = await fetched(client, address)
        assert isinstance(failure, FetchFailed), address
        assert failure.reason in UNHEARD | {"forbidden_port"}, address
    await client.aclose()
    assert canary.connections == 0


@pytest.mark.anyio
@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_redirect_reaches_the_loopback(
    shared_server: HostileServer, canary: HostileServer, spelling: str
) -> None:
    """A server that we may ask sends us on to one that we may not."""
    location = f"http://{spelling}:{canary.port}/".encode().decode("latin-1")
    path = f"/to/{SPELLINGS.index(spelling)}"
    shared_server.serve(path, b"", status=302, headers={"Location": location})
    client = client_for(shared_server)
    failure = await fetched(client, shared_server.url(path))
    await client.aclose()
    assert isinstance(failure, FetchFailed)
    assert failure.reason in UNHEARD | {"protocol"}
    assert canary.connections == 0


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(LOOPBACKS)))
async def test_the_hostile_redirects_are_refused(shared_server: HostileServer, number: int) -> None:
    """Those that the pollers' tests meet."""
    client = client_for(shared_server)
    failure = await fetched(client, shared_server.url(f"/redirect-private/{number}"))
    await client.aclose()
    assert isinstance(failure, FetchFailed)
    assert failure.reason in REFUSED


@pytest.mark.anyio
async def test_leave_is_for_the_host_as_written(canary: HostileServer) -> None:
    """The canary is heard by its allowed name, and by no other that leads to the same place."""
    client = client_for(canary)
    assert not isinstance(await fetched(client, f"http://{canary.origin}/"), FetchFailed)
    heard = canary.connections
    assert heard == 1
    for other in ("localhost", "127.1", "[::ffff:127.0.0.1]", "rebound.test"):
        assert isinstance(await fetched(client, f"http://{other}:{canary.port}/"), FetchFailed)
    assert canary.connections == heard
    await client.aclose()


@pytest.mark.anyio
async def test_an_allowed_name_may_not_lead_to_metadata(
    names: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Allowed by name, refused by what the name leads to; no socket is opened for it."""
    opened: list[object] = []
    monkeypatch.setattr(dial, "open_socket", lambda *given: opened.append(given))
    client = Client(Guard(["metadata.internal:80"]), AGENT, limits=Limits(total=3.0), tls=TRUSTING)
    failure = await fetched(client, "http://metadata.internal/")
    await client.aclose()
    assert isinstance(failure, FetchFailed)
    assert (failure.reason, opened) == ("forbidden_address", [])


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1"])
def test_the_socket_itself_is_the_last_door(ip: str) -> None:
    """Should an address ever get past the resolver, no socket is made for it."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with pytest.raises(Refusal):
        dial.open_socket(Guard(), False, (family, socket.SOCK_STREAM, 6, "", (ip, 80)))
