"""The booking systems that are known, and how each is spoken to: a new one is one line here.

Nothing else names a system: see docs/new-source.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vacancy.secret import Secret
from vacancy.sources import bookingflow, nowistay, rentalot, stayer
from vacancy.sources.oauth import Consent, Keeping
from vacancy.sources.port import Source, SourceFailed
from vacancy.sources.wire import Caller, Key, Wire


@dataclass(frozen=True, slots=True)
class Parts:
    """What an adapter is made of: its credentials in clear, by name, and where they are kept."""

    client: Caller
    base: str
    credentials: Mapping[str, str] = field(repr=False)
    keeping: Keeping


@dataclass(frozen=True, slots=True)
class System:
    """One booking system. `base` is where its API lies, None where only the host can say.

    `consent` makes what asks the host's consent, for systems that take no key of their own making;
    `scopes` are those that are asked for.
    """

    kind: str
    name: str
    make: Callable[[Parts], Source]
    base: str | None = None
    consent: Callable[[Caller, str], Consent] | None = None
    scopes: tuple[str, ...] = ()


def key_wire(parts: Parts, name: str) -> Wire:
    """A wire that sends the key that the host copied. Raises SourceFailed without one."""
    key = parts.credentials.get("key")
    if not key:
        raise SourceFailed("unauthorized", f"There is no key for {name}: give it one.")
    return Wire(parts.client, parts.base, Key(Secret(key)), name)


SYSTEMS: Mapping[str, System] = {
    system.kind: system
    for system in (
        System("stayer", "Stayer", lambda parts: stayer.Stayer(key_wire(parts, "Stayer"))),
        System(
            "rentalot",
            "Rentalot",
            lambda parts: rentalot.Rentalot(key_wire(parts, "Rentalot")),
            base=rentalot.BASE,
        ),
        System(
            "nowistay",
            "Nowistay",
            lambda parts: nowistay.connected(
                parts.client, parts.base, parts.credentials, parts.keeping
            ),
            base=nowistay.BASE,
            consent=nowistay.consent,
            scopes=nowistay.SCOPES,
        ),
        System(
            "bookingflow",
            "BookingFlow",
            lambda parts: bookingflow.BookingFlow(key_wire(parts, "BookingFlow")),
            base=bookingflow.BASE,
        ),
    )
}


def system_of(kind: str) -> System | None:
    """The system of this kind, None where none is known."""
    return SYSTEMS.get(kind)


def make(kind: str, parts: Parts) -> Source:
    """The adapter for one account at a system. Raises SourceFailed without usable credentials."""
    system = SYSTEMS.get(kind)
    if system is None:
        known = ", ".join(sorted(SYSTEMS))
        raise SourceFailed("unexpected", f"No booking system is called {kind!r}; known: {known}.")
    return system.make(parts)
