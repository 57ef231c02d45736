"""The menu: each page says for itself where it stands in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vacancy.domain.scopes import Actor, Scope
from vacancy.store import counts
from vacancy.store.session import Session


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. `label` is English, marked for translation by who makes it.

    `place` orders the entries. `icon` is a name of the sprite; an entry without one is under "More"
    on a phone, and one that is `more` on every screen. `badge` names a count of `Badges`.
    """

    label: str
    path: str
    place: int
    icon: str = ""
    badge: str = ""
    more: bool = False
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Badges:
    """How many conflicts are open, and how many feeds need a look; 0 where one may not know."""

    conflicts: int = 0
    feeds: int = 0


def badges(session: Session, actor: Actor) -> Badges:
    """The counts of an account, as far as the actor may know them."""
    conflicts = counts.open_conflicts(session, actor.account_id)
    feeds = counts.feeds_in_need(session, actor.account_id)
    return Badges(
        conflicts if actor.may(Scope.CONFLICTS_READ) else 0,
        feeds if actor.may(Scope.FEEDS_READ) else 0,
    )


def seen_by(items: Iterable[Item], actor: Actor) -> list[dict[str, Any]]:
    """The entries that the actor may open, in their order."""
    allowed = (one for one in items if one.scope is None or actor.may(one.scope))
    return [
        {
            "label": one.label,
            "path": one.path,
            "icon": one.icon,
            "badge": one.badge,
            "more": one.more,
        }
        for one in sorted(allowed, key=lambda one: one.place)
    ]
