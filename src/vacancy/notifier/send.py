"""One message to one address of the config, through Apprise."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog

_LOG = structlog.get_logger(__name__)

UNREADABLE = "the address cannot be understood: see the list of addresses that Apprise knows"
NOT_TAKEN = "the receiver did not take the message: is its address right, and does it answer?"


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads."""

    title: str
    body: str


def receiver_of(address: str) -> str:
    """A name for an address that gives nothing of it away: the same for ever."""
    return hashlib.sha256(address.encode()).hexdigest()[:24]


def shown(address: str) -> str:
    """What people may see of an address: how it is reached, not where."""
    scheme, mark, _ = address.partition("://")
    return f"{scheme}://…" if mark and scheme.isalnum() else "…"


def send(address: str, message: Message) -> str | None:
    """Send it; None when the receiver took it, else why not, in words without the address.

    Never raises for anything the other side does. Waits some seconds at most.
    """
    try:
        sender = _apprise()()
        if not sender.add(address):
            return UNREADABLE
        return None if sender.notify(title=message.title, body=message.body) else NOT_TAKEN
    except Exception as trouble:
        # A hundred plugins of others: none of their faults may stop the next message.
        _LOG.warning("alert.sender_broke", to=shown(address), error=type(trouble).__name__)
        return NOT_TAKEN


@lru_cache(maxsize=1)
def _apprise() -> Any:
    """Apprise with all its plugins, loaded when the first message goes out and not before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import apprise

        apprise.Apprise.instantiate("json://127.0.0.1")
    return apprise.Apprise
