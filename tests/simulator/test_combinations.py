"""Every set of up to five channels, each showing, subtracting or ignoring what it imports.

1,286 sets of eight kinds of channel; each kind of origin in each set, and each pair.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pytest
from icalendar import Calendar

from flows.house import UNIT, HouseUnderTest, house
from simulator.combining import (
    ALSO,
    NOW,
    SOLD,
    House,
    Kind,
    OnPaper,
    Scene,
    channels_of,
    combinations,
    origins,
    pairs,
)
from vacancy.domain.nights import Nights
from vacancy.simulator.channels import Listing

PROOF = bool(os.environ.get("VACANCY_PROOF"))
#: Of all combinations, so many by chance where it is not the proof; always those of two channels.
SAMPLE = 30
WHOLE = 12 if PROOF else 1
EVERY = list(combinations())
#: One parameter a share, so that several processes can prove side by side.
SHARES = 8 if PROOF else 2

Combination = tuple[Kind, ...]


def chosen(share: int) -> list[Combination]:
    few = [kinds for kinds in EVERY if len(kinds) <= 2]
    many = [kinds for kinds in EVERY if len(kinds) > 2]
    if not PROOF:
        many = random.Random(3).sample(many, SAMPLE)
    return [*few, *many][share::SHARES]


def figures(what: str, share: int, stories: Callable[[Sequence[Kind]], Sequence[object]]) -> str:
    """One line for whoever reads the run: how many sets of channels, and stories told of them."""
    sets = chosen(share)
    told = sum(len(stories(kinds)) for kinds in sets)
    return (
        f"combinations, {what}, share {share + 1} of {SHARES}: {len(sets)} of {len(EVERY)} sets of"
        f" 1 to 5 channels, {told} stories"
    )


def on_paper(kinds: Combination) -> OnPaper:
    return OnPaper({key: channel for key, (channel, _) in channels_of(kinds).items()})


def one_stay(scene: Scene, origin: int) -> Iterator[tuple[str, frozenset[date]]]:
    """Sold, known everywhere, canceled, and forgotten everywhere; what is closed at each step."""
    listing = scene.listings[list(scene.listings)[origin]]
    sale = listing.sell(SOLD, "Ana", scene.now)
    scene.poll()
    for _ in range(2):
        scene.read()
        scene.poll()
    yield "known", scene.house.closed(scene.now)
    assert not any(scene.for_sale(SOLD).values())
    listing.cancel(sale.code)
    scene.release()
    scene.read()
    scene.poll()
    yield "forgotten", scene.house.closed(scene.now)


def two_stays(
    scene: Scene, pair: tuple[int, int], second: Nights, *, known: bool
) -> Iterator[list[tuple[str, tuple[date, ...]]]]:
    """Two channels sell the same nights; then all read and are polled, as long as a release takes.

    `known`: the house knows of the first sale before the second is made. The conflicts that are
    open, at each step.
    """
    keys = list(scene.listings)
    scene.listings[keys[pair[0]]].sell(SOLD, "Ana", scene.now)
    if known:
        scene.poll()
    scene.listings[keys[pair[1]]].sell(second, "Bruno", scene.now)
    scene.poll()
    yield scene.house.conflicts()
    scene.read()
    scene.poll()
    yield scene.house.conflicts()
    scene.read()
    scene.release()
    yield scene.house.conflicts()


@pytest.mark.timeout(1500 if PROOF else 120)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_canceled_stay_leaves_no_night_closed(
    share: int, record_property: Callable[[str, object], None]
) -> None:
    """After the release, one reading by each channel and one poll; no echo ever was a conflict."""
    record_property("figures", figures("a stay booked and canceled", share, origins))
    for kinds in chosen(share):
        for origin in origins(kinds):
            scene = Scene(kinds, on_paper(kinds))
            steps = dict(one_stay(scene, origin))
            told = ([(habits.channel, use.value) for habits, use in kinds], origin)
            assert set(SOLD) <= steps["known"], told
            assert set(SOLD).isdisjoint(steps["forgotten"]), told
            assert scene.seen == [], told


@pytest.mark.timeout(1500 if PROOF else 120)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_double_booking_is_found_and_stays_found(
    share: int, record_property: Callable[[str, object], None]
) -> None:
    """By whichever two channels, in whichever order; no reading and no mask resolves it."""
    record_property("figures", figures("a double booking", share, pairs))
    turn = 0
    for kinds in chosen(share):
        for pair in pairs(kinds):
            turn += 1
            second, known = (SOLD, ALSO)[turn % 2], turn // 2 % 2 == 0
            clash = ("double_booking", tuple(night for night in SOLD if night in second))
            scene = Scene(kinds, on_paper(kinds))
            told = ([(habits.channel, use.value) for habits, use in kinds], pair, second, known)
            for conflicts in two_stays(scene, pair, second, known=known):
                assert conflicts == [clash], told
                closed = scene.house.closed(scene.now)
                assert {*SOLD, *second} <= closed, told
            assert set(scene.seen) == {clash}, told


class Whole:
    """The whole house, with a store and over HTTP, as a `House`."""

    def __init__(self, home: HouseUnderTest) -> None:
        self.home = home

    def hears(self, key: str, listing: Listing, now: datetime) -> None:
        self.home.clock.at = now
        self.home.says(key, listing.calendar(now))
        self.home.poll(f"{UNIT}/{key}")

    def read_by(self, key: str, now: datetime) -> list[Nights] | None:
        self.home.clock.at = now
        body = self.home.read_export(key)
        return [Nights(event.start, event.end) for event in Calendar.from_ical(body).events]

    def closed(self, now: datetime) -> frozenset[date]:
        return frozenset(self.home.taken())

    def conflicts(self) -> list[tuple[str, tuple[date, ...]]]:
        return sorted(
            (one["kind"], tuple(map(date.fromisoformat, one["nights"])))
            for one in self.home.conflicts()
        )


@contextmanager
def whole(folder: Path, kinds: Combination) -> Iterator[House]:
    feeds = {key: f', channel = "{channel}"' for key, (channel, _) in channels_of(kinds).items()}
    with house(folder, feeds=feeds, now=NOW) as home:
        yield Whole(home)


def sample() -> Sequence[Combination]:
    some = [kinds for kinds in EVERY if 2 <= len(kinds) <= (4 if PROOF else 3)]
    return random.Random(5).sample(some, WHOLE)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(WHOLE))
def test_the_house_on_paper_decides_as_the_whole_house(tmp_path: Path, number: int) -> None:
    """The same stories, through a store and over HTTP: the same nights and conflicts throughout."""
    kinds = sample()[number]

    def told(name: str, tell: Callable[[Scene], Iterator[object]]) -> None:
        folder = tmp_path / name
        folder.mkdir()
        with whole(folder, kinds) as built:
            real = Scene(kinds, built)
            paper = Scene(kinds, on_paper(kinds))
            for one, other in zip(tell(real), tell(paper), strict=True):
                assert one == other
                assert built.closed(real.now) == paper.house.closed(paper.now)

    told("stay", lambda scene: one_stay(scene, len(kinds) - 1))
    told("clash", lambda scene: two_stays(scene, (0, len(kinds) - 1), ALSO, known=True))
