"""When a request is answered, and with what: handed to every service that writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vacancy.ids import Chance
from vacancy.store.session import Session

#: Publishes a unit's exports in the transaction that changed what they hold.
Publish = Callable[[Session, str, datetime], object]


@dataclass(frozen=True, slots=True)
class At:
    """The instant, the source of chance, how to publish, who asks, and whether quietly."""

    now: datetime
    chance: Chance
    publish: Publish
    actor: str = "person"
    silent: bool = False
