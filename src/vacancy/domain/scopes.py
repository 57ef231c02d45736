"""Who asks, and what they may: scopes are what a key may do, an actor is who holds one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """One thing that a key may be allowed; `noun.read` or `noun.write` but for a few."""

    PROPERTIES_READ = "properties.read"
    PROPERTIES_WRITE = "properties.write"
    FEEDS_READ = "feeds.read"
    FEEDS_WRITE = "feeds.write"
    EXPORTS_READ = "exports.read"
    EXPORTS_WRITE = "exports.write"
    BOOKINGS_READ = "bookings.read"
    BOOKINGS_WRITE = "bookings.write"
    #: Guests' names and ways to reach them.
    BOOKINGS_SENSITIVE_READ = "bookings.sensitive.read"
    CALENDAR_READ = "calendar.read"
    CONFLICTS_READ = "conflicts.read"
    CONFLICTS_WRITE = "conflicts.write"
    ACTIVITY_READ = "activity.read"
    BOOKING_PARAMETERS_READ = "booking_parameters.read"
    BOOKING_PARAMETERS_WRITE = "booking_parameters.write"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_WRITE = "webhooks.write"
    KEYS_MANAGE = "keys.manage"


class Role(StrEnum):
    """What a user is in the house."""

    OWNER = "owner"
    MANAGER = "manager"
    STAFF = "staff"
    INTEGRATION = "integration"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user of an account by one of their keys, with what that key may do now."""

    account_id: str
    user_id: str
    key_id: str
    role: Role
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


def in_order(scopes: Iterable[Scope]) -> list[str]:
    """Scopes as they are shown and kept: each once, in the order of their list."""
    held = set(scopes)
    return [scope.value for scope in Scope if scope in held]
