"""When a feed is asked again, and with which validators (rules 1)."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import select

from flows.house import NOW, HouseUnderTest
from hostile import Request
from hostile_answers import calendar, event, good
from vacancy import failpoints
from vacancy.store.tables import Claim, Feed

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
TAGGED = {"ETag": '"v1"', "Last-Modified": "Mon, 01 Feb 2027 10:00:00 GMT"}


def feed(home: HouseUnderTest, key: str = "airbnb") -> Feed:
    with home.store.read() as session:
        return session.execute(select(Feed).where(Feed.key == key)).scalar_one()


def wait(home: HouseUnderTest, key: str = "airbnb") -> timedelta:
    """How long until the feed is asked again."""
    return feed(home, key).next_poll_at - home.clock.now()


def asked(home: HouseUnderTest) -> list[Request]:
    return home.server.requests("/airbnb.ics")


def conditional(request: Request) -> bool:
    return bool(request.headers.keys() & {"if-none-match", "if-modified-since"})


def fails(home: HouseUnderTest, status: int = 503, after: str | None = None) -> None:
    headers = {} if after is None else {"Retry-After": after}
    home.says("airbnb", b"no", status=status, headers=headers)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("7200", 2 * HOUR),
        ("1", QUARTER),
        ("0", QUARTER),
        ("1000000000", DAY),
        ("9" * 400, DAY),
        (format_datetime(NOW + 3 * HOUR, usegmt=True), 3 * HOUR),
        (format_datetime(NOW - DAY, usegmt=True), QUARTER),
        (format_datetime(NOW + 30 * DAY, usegmt=True), DAY),
    ],
)
def test_retry_after_is_obeyed(
    home: HouseUnderTest, status: int, said: str, wanted: timedelta
) -> None:
    """Seconds or a date: at least the interval, at most 24 h; not asked a moment before."""
    fails(home, status, after=said)
    home.step()
    assert wait(home) == wanted
    home.step(seconds=wanted.total_seconds() - 1)
    assert len(asked(home)) == 1
    home.step(seconds=1)
    assert len(asked(home)) == 2


@pytest.mark.parametrize("said", ["soon", "-5", "1e9", "12 parsecs", "Mon, 99 Foo 2027", "NaN"])
def test_a_retry_after_that_says_nothing(home: HouseUnderTest, said: str) -> None:
    """What cannot be read is as if it were not there: the usual back-off."""
    fails(home, 429, after=said)
    home.step()
    assert 2 * QUARTER * 0.8 <= wait(home) <= 2 * QUARTER * 1.2


def test_back_off_doubles_to_six_hours_and_ends(home: HouseUnderTest) -> None:
    """The interval doubled for each failure, 20 % by chance, at most 6 h; over once well."""
    fails(home)
    waits = []
    for _ in range(8):
        home.step()
        waits.append(wait(home))
        home.clock.at += waits[-1]
    for failures, wanted in enumerate(waits, start=1):
        nominal = min(QUARTER * 2**failures, 6 * HOUR)
        assert 0.8 * nominal <= wanted <= 1.2 * nominal, failures
    assert len(set(waits[-3:])) > 1, "the cap takes its share of chance too"
    home.says("airbnb", good())
    home.step()
    assert 0.95 * QUARTER <= wait(home) <= QUARTER
    fails(home)
    home.step(minutes=15)
    assert wait(home) <= 2.4 * QUARTER, "failures are counted anew"


def test_one_feed_waits_alone(home: HouseUnderTest) -> None:
    """Retry-After holds for the feed that was told it, not for its host."""
    home.declare({"airbnb": "", "vrbo": ""})
    home.apply()
    fails(home, 429, after="86400")
    home.says("vrbo", good())
    home.step()
    assert wait(home) == DAY
    assert wait(home, "vrbo") <= QUARTER


def test_health_fails_at_the_third_and_says_so_once(home: HouseUnderTest) -> None:
    """Three failures in a row are `failing`: one event, and one more when it recovers."""
    home.polled(good())
    fails(home)
    health = []
    for _ in range(5):
        home.poll(minutes=1)
        health.append(feed(home).health)
    assert health == ["ok", "ok", "failing", "failing", "failing"]
    home.polled(good(), minutes=1)
    assert feed(home).health == "ok"
    assert len(home.events("feed.failing")) == len(home.events("feed.recovered")) == 1


def test_not_modified_keeps_everything(home: HouseUnderTest) -> None:
    """The second question carries the validators; 304 changes nothing and is a good answer."""
    home.says("airbnb", good(), headers=TAGGED)
    home.step()
    held = home.held()
    assert len(held) == 5
    home.step(minutes=15)
    first, second = asked(home)
    assert not conditional(first)
    assert second.headers["if-none-match"] == TAGGED["ETag"]
    assert second.headers["if-modified-since"] == TAGGED["Last-Modified"]
    assert home.held() == held
    assert feed(home).last_outcome == "unchanged"
    assert feed(home).last_good_at == home.clock.now()


def test_asked_whole_once_a_day(home: HouseUnderTest) -> None:
    """However well 304 works, a day's first question after 24 h carries no validators."""
    home.declare({"airbnb": ", every = '3h'"})
    home.apply()
    home.says("airbnb", good(), headers=TAGGED)
    home.step()
    for _ in range(10):
        home.step(hours=3)
    whole = [at for at, request in enumerate(asked(home)) if not conditional(request)]
    assert whole == [0, 8]


def test_no_validators_after_a_failure(home: HouseUnderTest) -> None:
    """A failure is followed by a whole question, and only then by conditional ones again."""
    home.says("airbnb", good(), headers=TAGGED)
    home.poll()
    fails(home)
    home.poll(minutes=15)
    home.says("airbnb", good(), headers=TAGGED)
    for _ in range(2):
        home.poll(minutes=15)
    assert [conditional(request) for request in asked(home)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("edited", "where"),
    [("every = '5m'", True), ("end_is_last_night = true", False), ("timezone = 'UTC'", False)],
)
def test_no_validators_after_an_edit(home: HouseUnderTest, edited: str, where: bool) -> None:
    """Validators hold for one way of reading; how often is no way of reading."""
    home.says("airbnb", good(), headers=TAGGED)
    home.poll()
    home.declare({"airbnb": f", {edited}"})
    home.apply()
    home.poll(minutes=15)
    assert conditional(asked(home)[1]) is where


def test_no_validators_at_another_address(home: HouseUnderTest) -> None:
    """A new address is asked whole, though both gave the same ETag."""
    home.says("airbnb", good(), headers=TAGGED)
    home.poll()
    moved = home.file.read_text().replace("/airbnb.ics", "/moved.ics")
    home.declare({"airbnb": ""})
    home.file.write_text(moved)
    home.settings = load_again(home)
    home.apply()
    home.server.serve("/moved.ics", good(), headers=TAGGED)
    home.poll(minutes=15)
    assert [conditional(request) for request in home.server.requests("/moved.ics")] == [False]
    assert len(home.held()) == 5


def load_again(home: HouseUnderTest) -> Any:
    from vacancy.settings import load

    return load(home.file, {})


@pytest.mark.parametrize("point", failpoints.POINTS[:-1])
def test_validators_come_with_the_claims_or_not_at_all(
    home: HouseUnderTest, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that breaks off leaves neither: the next question is whole, and imports."""
    home.says("airbnb", calendar(), headers={"ETag": '"v0"'})
    home.poll()
    home.says("airbnb", good(), headers=TAGGED)
    with monkeypatch.context() as broken:
        broken.setattr(failpoints, "_ARMED", failpoints._armed(f"{point}:raise"))
        ended = home.poll(minutes=15).polls[0].finished
    assert (ended.outcome, ended.reason) == ("failed", "fault")
    assert feed(home).etag == '"v0"'
    with home.store.read() as session:
        assert session.execute(select(Claim)).first() is None
    assert home.held() == []
    assert 2 * QUARTER * 0.8 <= wait(home) <= 2 * QUARTER * 1.2
    home.poll(minutes=15)
    assert not conditional(asked(home)[2])
    assert len(home.held()) == 5
    assert feed(home).etag == TAGGED["ETag"]


def test_a_304_never_hides_an_answer_that_was_not_taken_in(home: HouseUnderTest) -> None:
    """A body that is refused leaves the old validators, which are not sent until it is read."""
    home.says("airbnb", good(), headers=TAGGED)
    home.poll()
    home.says("airbnb", b"BEGIN:VCALENDAR\r\n", headers={"ETag": '"v2"'})
    home.poll(minutes=15)
    more = calendar(*(event(f"late-{n}", f"2027060{n}", f"2027060{n + 1}") for n in (1, 5)))
    home.says("airbnb", more, headers={"ETag": '"v2"'})
    home.poll(minutes=15)
    assert not conditional(asked(home)[2])
    assert {row[1] for row in home.held()} >= {"2027-06-01", "2027-06-05"}


def test_nothing_is_asked_early(home: HouseUnderTest) -> None:
    """A regular poll comes at most a twentieth of its interval early."""
    home.says("airbnb", good())
    home.step()
    home.step(minutes=14, seconds=14)
    assert len(asked(home)) == 1
    home.step(seconds=46)
    assert len(asked(home)) == 2
