"""Why there is no answer: the wire's errors by stable names, in words that show no address."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta

import aiohttp
import httpx

from vacancy.net.guard import Refusal

_SAYS = {
    "timeout": "did not answer in full within the time allowed",
    "connect_timeout": "did not accept a connection in time",
    "refused": "cannot be reached, or refuses connections",
    "dns": "is a name that cannot be found: check the address for a slip",
    "reset": "broke the connection off before it had answered",
    "tls": "has no valid certificate, or does not speak https",
    "wrong_length": "sent less than it had promised",
    "cut_compression": "sent a compressed answer that breaks off",
    "bad_compression": "sent a compressed answer that is damaged",
    "unknown_encoding": "sent an answer in a compression that was not asked for",
    "too_large": "sent more than an answer may weigh",
    "too_large_inflated": "sent what unpacks to more than an answer may weigh",
    "too_many_redirects": "redirects too often",
    "protocol": "sent an answer that is not valid HTTP",
}
_ALLOW = 'if it is a host of your own, add its "host:port" to network.allow_private'
_ADVICE = {"forbidden_address": f"; {_ALLOW}", "forbidden_port": f"; {_ALLOW}"}


class FetchFailed(Exception):
    """No complete answer. `reason` is a stable name, `text` one sentence that names the host only.

    Reasons: those of the table above, and bad_url, bad_redirect, forbidden_address, forbidden_port.
    """

    def __init__(
        self, reason: str, text: str, retry_after: timedelta | datetime | None = None
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.retry_after = retry_after


TROUBLE = (
    aiohttp.ClientError,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    Refusal,
    UnicodeError,
)
#: The first that fits names the reason.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns"),
    (UnicodeError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (ssl.SSLError, "tls"),
    (aiohttp.ConnectionTimeoutError, "connect_timeout"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorError, "refused"),
    (aiohttp.ClientPayloadError, "wrong_length"),
    (aiohttp.ServerDisconnectedError, "reset"),
    (aiohttp.ClientResponseError, "protocol"),
    (httpx.InvalidURL, "dns"),
    (aiohttp.InvalidURL, "dns"),
    (OSError, "reset"),
)


def by_error(
    error: Exception, host: str, retry_after: timedelta | datetime | None = None
) -> FetchFailed:
    """What an error of the wire is called."""
    if isinstance(error, Refusal):
        return by_refusal(error, f"{host} is not asked")
    if isinstance(error, httpx.HTTPError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # the transport's translation says less than what it translates
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, TimeoutError):
        return by_name("connect_timeout", host)
    reason = next((name for kind, name in _REASONS if isinstance(error, kind)), "protocol")
    return by_name(reason, host, retry_after)


def by_name(reason: str, host: str, retry_after: timedelta | datetime | None = None) -> FetchFailed:
    """The failure of this name."""
    return FetchFailed(reason, f"{host} {_SAYS[reason]}.", retry_after)


def by_refusal(refusal: Refusal, lead: str) -> FetchFailed:
    """What the guard's refusal is called; `lead` begins the sentence."""
    return FetchFailed(refusal.reason, f"{lead}: {refusal.why}{_ADVICE.get(refusal.reason, '')}.")
