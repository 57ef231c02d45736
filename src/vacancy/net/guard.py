"""Whom we may call: the guard against addresses that lead into the host's own network.

An address text is parsed once, into a `Target`, and what was parsed is what is dialled. The name is
judged by what it resolves to, every answer and again at the moment of connecting, for every hop.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import quote, urljoin, urlsplit

Ip = IPv4Address | IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443}
#: How calendars are linked to in the wild; both mean https.
_WEBCAL = frozenset({"webcal", "webcals"})
#: Everything printable stays as the host wrote it, `%2b` and `%zz` included.
_AS_WRITTEN = "".join(chr(code) for code in range(0x21, 0x7F))
_LONGEST = 8000


class Refusal(Exception):
    """The guard refuses; `reason` is a stable name, the text says why without the address."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason
        self.why = why


def _nets(table: Iterable[tuple[str, str]]) -> tuple[tuple[IPv4Network | IPv6Network, str], ...]:
    return tuple((ip_network(net), why) for net, why in table)


# `ipaddress.is_global` lets several of these pass (multicast, 6to4 relays, NAT64, ::127.0.0.1,
# fec0::), so the table is our own: the special-purpose registries of IANA, and clouds' metadata.
_FORBIDDEN_V4 = _nets(
    [
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier's private network"),
        ("127.0.0.0/8", "this machine itself"),
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation only"),
        ("192.31.196.0/24", "reserved for name servers (AS112)"),
        ("192.52.193.0/24", "reserved for multicast relays"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("192.175.48.0/24", "reserved for name servers (AS112)"),
        ("198.18.0.0/15", "for benchmarks only"),
        ("198.51.100.0/24", "for documentation only"),
        ("203.0.113.0/24", "for documentation only"),
        ("168.63.129.16/32", "a cloud's metadata"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    ]
)
_FORBIDDEN_V6 = _nets(
    [
        ("::1/128", "this machine itself"),
        ("::/128", "this host"),
        ("::ffff:0:0/96", "an IPv4 address in disguise"),
        ("::ffff:0:0:0/96", "an IPv4 address in disguise"),
        ("::/96", "an IPv4 address in disguise"),
        ("64:ff9b:1::/48", "a private translation to IPv4"),
        ("100::/64", "a black hole"),
        ("100:0:0:1::/64", "a dummy prefix"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation only"),
        ("2002::/16", "a 6to4 tunnel"),
        ("2620:4f:8000::/48", "reserved for name servers (AS112)"),
        ("3fff::/20", "for documentation only"),
        ("5f00::/16", "for segment routing"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "link-local, where clouds keep their metadata"),
        ("fec0::/10", "a private network (site-local)"),
        ("ff00::/8", "multicast"),
    ]
)
_PUBLIC_V6 = IPv6Network("2000::/3")
#: The well-known NAT64 prefix: how an IPv6-only network reaches IPv4; what it leads to is judged.
_NAT64 = IPv6Network("64:ff9b::/96")

#: Refused even where `allow_private` names the target: no calendar lives there, only credentials.
_NEVER = _nets(
    [
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("fe80::/10", "link-local, where clouds keep their metadata"),
        ("100.100.100.200/32", "a cloud's metadata"),
        ("168.63.129.16/32", "a cloud's metadata"),
        ("192.0.0.192/32", "a cloud's metadata"),
        ("fd00:ec2::254/128", "a cloud's metadata"),
        ("fd20:ce::254/128", "a cloud's metadata"),
    ]
)
_V4_LAST_4 = _nets([(net, "") for net in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96")])


def is_forbidden(ip: str | Ip) -> str | None:
    """Why an address may not be called, in words; None if it is public."""
    address = _parse_ip(ip)
    if isinstance(address, IPv4Address):
        return _first(_FORBIDDEN_V4, address)
    if address in _NAT64:
        return _first(_FORBIDDEN_V4, IPv4Address(int(address) & 0xFFFFFFFF))
    why = _first(_FORBIDDEN_V6, address)
    return why if why or address in _PUBLIC_V6 else "no public address"


def is_never_allowed(ip: str | Ip) -> str | None:
    """Why an address may not be called even where the config allows its target."""
    address = _parse_ip(ip)
    return _first(_NEVER, address) or _first(_NEVER, _disguised(address))


def _parse_ip(ip: str | Ip) -> Ip:
    return ip_address(ip.partition("%")[0]) if isinstance(ip, str) else ip


def _first(nets: tuple[tuple[IPv4Network | IPv6Network, str], ...], address: Ip) -> str | None:
    return next((why for net, why in nets if address in net), None)


def _disguised(address: Ip) -> Ip:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or any(address in net for net, _ in _V4_LAST_4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else address)


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed address. `host` is lower case, ASCII, without brackets; `path` and `query` keep
    every byte of the original. `allowed`: the config lets this host and port pass."""

    scheme: str
    host: str
    port: int
    path: str
    query: str
    allowed: bool

    @property
    def bracketed(self) -> str:
        """The host as it stands in an address: IPv6 in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """`host`, or `host:port` where the port is not the scheme's own."""
        plain = self.port == DEFAULT_PORTS[self.scheme]
        return self.bracketed if plain else f"{self.bracketed}:{self.port}"

    @property
    def address(self) -> str:
        """The whole address: secret."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.authority}{self.path}{query}"


class Guard:
    """Judges addresses, hops and the addresses behind names.

    `allow_private` holds `host:port` as the config writes them; they pass, link-local never.
    Raises ValueError for one that is not host:port.
    """

    def __init__(self, allow_private: Iterable[str] = ()) -> None:
        self._allowed = frozenset(_host_port(text) for text in allow_private)

    def aim(self, address: str) -> Target:
        """Parse an address and judge all of it that can be judged before its name is resolved.

        Raises Refusal: bad_url, forbidden_port, forbidden_address.
        """
        text = address.strip()
        if len(text) > _LONGEST or "\\" in text or not text.isprintable():
            raise Refusal("bad_url", "the address holds letters that no address has")
        try:
            parts = urlsplit(text)
            scheme = "https" if parts.scheme in _WEBCAL else parts.scheme
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Refusal("bad_url", "the address cannot be read") from None
        if scheme not in DEFAULT_PORTS or not host:
            raise Refusal("bad_url", "the address must begin with https:// and name a host")
        if "@" in parts.netloc:
            raise Refusal("bad_url", "the address holds a user name or a password before the host")
        return self._judged(
            Target(
                scheme=scheme,
                host=_plain_host(host),
                port=DEFAULT_PORTS[scheme] if port is None else port,
                path=quote(parts.path, safe=_AS_WRITTEN) or "/",
                query=quote(parts.query, safe=_AS_WRITTEN),
                allowed=False,
            )
        )

    def hop(self, at: Target, location: str | None) -> Target:
        """Where a redirect leads. Raises Refusal: bad_redirect besides those of `aim`."""
        if not location:
            raise Refusal("bad_redirect", "it redirects without saying where to")
        try:
            target = self.aim(urljoin(at.address, location.strip()))
        except ValueError:
            raise Refusal("bad_redirect", "it redirects to what is no address") from None
        except Refusal as refusal:
            if refusal.reason == "bad_url":
                raise Refusal("bad_redirect", f"it redirects, but {refusal.why}") from None
            raise
        if at.scheme == "https" and target.scheme == "http":
            raise Refusal("bad_redirect", "it redirects from https to plain http")
        return target

    def check(self, ips: Iterable[str], *, allowed: bool) -> None:
        """Refuse if any of the addresses behind a name is forbidden: Refusal, forbidden_address."""
        judge = is_never_allowed if allowed else is_forbidden
        for ip in ips:
            why = judge(ip)
            if why:
                raise Refusal("forbidden_address", f"it leads to an address that is {why}")

    def _judged(self, target: Target) -> Target:
        if (target.host, target.port) in self._allowed:
            target = Target(
                target.scheme, target.host, target.port, target.path, target.query, allowed=True
            )
        elif target.port not in DEFAULT_PORTS.values():
            raise Refusal("forbidden_port", f"port {target.port} is none of 80 and 443")
        literal = _literal(target.host)
        if literal is not None:
            self.check([str(literal)], allowed=target.allowed)
        return target


def _plain_host(host: str) -> str:
    """The host in ASCII, as it is asked of name servers. Raises Refusal."""
    try:
        plain = host if host.isascii() else host.encode("idna").decode().lower()
    except UnicodeError:
        plain = ""
    if not plain or not all(letter.isalnum() or letter in "-._:" for letter in plain):
        raise Refusal("bad_url", "the name of the host cannot be read")
    return plain


def _literal(host: str) -> Ip | None:
    """The address that a host is, if it is one; odd spellings (`0x7f.1`, `127.1`) are refused."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        socket.inet_aton(host.rstrip("."))
    except OSError:
        return None
    raise Refusal("forbidden_address", "it is an IP address in an odd spelling")


def _host_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.port is None or parts.path or "@" in text:
        raise ValueError(f"{text!r} is not host:port")
    return parts.hostname, parts.port
