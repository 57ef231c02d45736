"""What is played in a rehearsal: pages of units on channels, and how people behave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vacancy.simulator.channels import Listing
from vacancy.simulator.habits import Use
from vacancy.simulator.paper import PaperUnit
from vacancy.simulator.truth import Judge


@dataclass(frozen=True, slots=True)
class Page:
    """One unit on one channel, as it is to be rehearsed. `use`: None for what is thought of it."""

    unit: str
    zone: str
    key: str
    channel: str
    every: timedelta = timedelta(minutes=15)
    use: Use | None = None
    sells_until: int | None = None


@dataclass(frozen=True, slots=True)
class Customs:
    """How people and machines behave.

    `asks`: hours between two guests who want nights on one page. Of sales, `soon` are canceled
    within a day, `later` before arrival, and `moved` change their dates. `closes`: days between two
    closures by the host, each opened again in time. `fails`: days between two outages of a channel.
    """

    asks: float = 170
    soon: float = 0.12
    later: float = 0.08
    moved: float = 0.04
    closes: float = 60
    fails: float = 30
    ahead: int = 150
    longest: int = 9


@dataclass(slots=True)
class PlayedFeed:
    """One page in life."""

    page: Page
    listing: Listing
    unit: PaperUnit
    judge: Judge
    scene: object = None
    read_version: int = 0
    published: list[tuple[datetime, int]] = field(default_factory=list[tuple[datetime, int]])
    version: int = 0
    exposures: list[timedelta] = field(default_factory=list[timedelta])
    down_until: datetime | None = None
    empties: int = 0
    asked_at: datetime | None = None

    @property
    def down(self) -> bool:
        """Whether its last answers say nothing about the channel's books."""
        return self.empties > 0 or self.scene is None

    @property
    def name(self) -> str:
        return f"{self.page.unit}/{self.page.key}"
