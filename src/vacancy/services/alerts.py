"""Alerts to people: the wish of the config, and a test of its addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vacancy.domain.errors import ConfigError
from vacancy.notifier.round import Wish
from vacancy.notifier.send import Message, send, shown
from vacancy.notifier.wording import TEST
from vacancy.settings import Settings

#: Sends one message to one address; None when it arrived, else why not.
Send = Callable[[str, Message], str | None]


def wish(settings: Settings) -> Wish:
    """Whom to tell of what, and when not."""
    alerts = settings.alerts
    addresses = tuple(dict.fromkeys(address.get_secret_value() for address in alerts.to))
    return Wish(addresses, frozenset(alerts.on), alerts.quiet)


def test(settings: Settings, sender: Send = send) -> list[dict[str, Any]]:
    """Send one message to each address, quiet hours or not. Raises ConfigError where none is set.

    What is said of an address is only how it is reached.
    """
    addresses = wish(settings).to
    if not addresses:
        raise ConfigError('alerts.to: nobody is named; add an address, as to = ["ntfy://topic"]')
    told = ((address, sender(address, TEST)) for address in addresses)
    return [
        {"to": shown(address), "sent": trouble is None, "trouble": trouble}
        for address, trouble in told
    ]
