"""What is learned of a channel, and what must teach nothing (rules 6)."""

from __future__ import annotations

from datetime import timedelta

from domain.planning import QUARTER, Feed, closed, nights, stay
from vacancy.domain.echoes import Publication
from vacancy.domain.settle import start_anew

OWN = closed(20, 22)
BACK = closed(5, 8)
HOURS = timedelta(hours=4)


def reading_feed() -> Feed:
    """A channel without words with a sale of its own; it has read one stay of ours."""
    feed = Feed()
    feed.sells(stay("stay_ours", 5, 8))
    feed.publishes(Publication("stay_ours", nights(5, 8), 1))
    feed.answers(OWN)
    feed.wait(QUARTER)
    feed.is_read(1)
    return feed


def test_a_channel_that_shows_nothing_of_ours_for_two_days_is_known_to() -> None:
    """From the second good answer on, 48 hours after the reading."""
    feed = reading_feed()
    for _ in range(13):
        feed.answers(OWN, after=HOURS)
    assert feed.state.habits.get("shows_imports") is False


def test_one_empty_answer_does_not_teach_that_imports_are_not_shown() -> None:
    """A channel that showed them for days, by no proof of order, and gave one empty calendar."""
    feed = reading_feed()
    for _ in range(20):
        feed.answers(OWN, BACK, after=HOURS)
    assert [k.proven for k in feed.echoes] == [False]
    feed.answers(after=HOURS)
    assert "shows_imports" not in feed.state.habits
    feed.answers(OWN, BACK, after=HOURS)
    assert [k.echo_of for k in feed.echoes] == ["stay_ours"]


def test_what_was_shown_once_does_not_teach_that_it_never_is() -> None:
    """It vanished for another reason than that the channel ignores what it imports."""
    feed = reading_feed()
    for _ in range(3):
        feed.answers(OWN, BACK, after=HOURS)
    for _ in range(20):
        feed.answers(OWN, after=HOURS)
    assert "shows_imports" not in feed.state.habits


def test_a_clock_that_jumped_teaches_nothing() -> None:
    """Two days by the wall clock were a few hours: the channel had no time to show our stay."""
    feed = reading_feed()
    feed.answers(OWN, after=HOURS)
    feed.wait(timedelta(hours=60))
    feed.state = start_anew(feed.state, feed.now)
    for _ in range(11):
        feed.answers(OWN, after=HOURS)
        assert "shows_imports" not in feed.state.habits
    feed.answers(OWN, after=HOURS)
    assert feed.state.habits["shows_imports"] is False
