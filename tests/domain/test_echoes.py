"""Our own export coming back: each sentence of rules 6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.planning import NOON, TODAY, Feed, block, changes, closed, nights, reservation, stay
from vacancy.domain.answer import outlived
from vacancy.domain.claims import Claim, Kind, Reason
from vacancy.domain.echoes import (
    ExportHistory,
    ExportReading,
    Publication,
    advance,
    named_stay,
)
from vacancy.domain.nights import Nights

HOUR = timedelta(hours=1)
OURS = "stay_a@ours.example"


def _feed(*claims: Claim) -> Feed:
    """A feed that has answered; stay_a (5 to 8) is sold elsewhere, exported to it in version 1."""
    feed = Feed()
    feed.answers(*claims)
    feed.sells(stay("stay_a", 5, 8))
    feed.publishes(Publication("stay_a", nights(5, 8), 1))
    feed.wait(HOUR)
    return feed


def _roles(feed: Feed) -> list[tuple[Nights, str | None]]:
    standing = [k for k in feed.state.known if k.stands]
    return sorted((k.nights, k.echo_of) for k in standing)


# --- our own UID ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "stay_id"),
    [
        (OURS, "stay_a"),
        ("stay_a@OURS.example", "stay_a"),
        ("stay_a-unit_b-linked@ours.example", "stay_a-unit_b-linked"),
        ("stay_a@theirs.example", None),
        ("stay_a", None),
    ],
)
def test_a_uid_of_our_domain_names_a_stay(uid: str, stay_id: str | None) -> None:
    """`<stay id>@<domain>`, and the derived closures."""
    assert named_stay(uid, "ours.example") == stay_id


@pytest.mark.parametrize("make", [reservation, block, closed])
def test_our_own_uid_is_an_echo_whatever_it_says(make: type[Claim]) -> None:
    """No reading needed, other dates and a reservation's words included."""
    feed = _feed()
    shown = feed.answers(make(5, 9, uid=OURS))
    assert changes(shown) == ["echo"] and not feed.taken
    assert feed.echoes[0].echo_of == "stay_a" and feed.echoes[0].proven


def test_a_uid_of_another_unit_is_a_block_with_a_warning() -> None:
    """Somebody put the wrong calendar here."""
    feed = _feed()
    feed.sells(stay("stay_b", 20, 22, here=False))
    wrong = feed.answers(reservation(20, 22, uid="stay_b@ours.example"))
    assert [n.code for n in wrong.notices] == ["echo_of_other_unit"]
    assert feed.standing[0].said.kind is Kind.BLOCK
    assert not feed.answers(reservation(20, 22, uid="stay_b@ours.example")).notices


def test_an_id_that_we_do_not_have_is_read_as_any_entry() -> None:
    """Another installation's, or one long gone."""
    feed = _feed()
    assert changes(feed.answers(reservation(20, 22, uid="stay_z@ours.example"))) == ["created"]


# --- words and proof -----------------------------------------------------------------------


def test_a_reservation_of_words_is_never_an_echo() -> None:
    """Exactly our dates, read and all: a true double booking."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    assert changes(feed.answers(reservation(5, 8), after=HOUR)) == ["created"]


@pytest.mark.parametrize("make", [block, closed])
def test_a_night_that_the_read_version_held_is_an_echo(make: type[Claim]) -> None:
    """Read, then a good answer without the nights, then shown: proven."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    assert changes(feed.answers(make(5, 8), after=HOUR)) == ["echo"]
    assert feed.echoes[0].proven and not feed.taken


@pytest.mark.parametrize("make", [block, closed])
def test_an_export_never_read_has_no_echoes(make: type[Claim]) -> None:
    """Published is not read."""
    feed = _feed()
    assert changes(feed.answers(make(5, 8))) == ["created"]


@pytest.mark.parametrize("make", [block, closed])
def test_shown_before_it_could_have_read_is_genuine(make: type[Claim]) -> None:
    """Exactly our dates, but earlier than the reading: sold twice, and it stays so."""
    feed = _feed()
    feed.answers(make(5, 8))
    feed.is_read(1, feed.now + HOUR)
    feed.answers(make(5, 8), after=2 * HOUR)
    feed.answers(make(5, 8), after=30 * HOUR)
    assert _roles(feed) == [(nights(5, 8), None)]


@pytest.mark.parametrize("make", [block, closed])
def test_an_entry_is_taken_night_by_night(make: type[Claim]) -> None:
    """The channel merged its own nights with ours: each part is what it is, and stays it."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    feed.answers(make(3, 10), after=HOUR)
    parts = [(nights(3, 5), None), (nights(5, 8), "stay_a"), (nights(8, 10), None)]
    assert _roles(feed) == parts
    assert changes(feed.answers(make(3, 10), after=60 * HOUR)) == []
    assert _roles(feed) == parts


def test_a_block_read_only_since_the_last_answer_is_proven_by_its_words() -> None:
    """Where words tell reservations from blocks, any version of the last 48 h proves it."""
    feed = _feed()
    feed.is_read(1)
    assert changes(feed.answers(block(5, 8))) == ["echo"]
    assert feed.echoes[0].proven


@pytest.mark.parametrize(("hours", "told"), [(47, "echo"), (49, "created")])
def test_a_late_block_is_an_echo_for_two_days(hours: int, told: str) -> None:
    """Feeds lag behind what they read: the version was the latest within 48 h before the poll."""
    feed = _feed()
    feed.publishes(Publication("stay_a", nights(5, 8), 1, 2))
    feed.is_read(1)
    feed.is_read(2, feed.now + HOUR)
    feed.answers(after=2 * HOUR)
    assert changes(feed.answers(block(5, 8), after=(hours - 1) * HOUR)) == [told]


def test_a_wordless_entry_is_proven_by_the_latest_version_alone() -> None:
    """A version that was replaced before the last answer proves nothing of Booking.com."""
    feed = _feed()
    feed.publishes(Publication("stay_a", nights(5, 8), 1, 2))
    feed.is_read(1)
    feed.is_read(2, feed.now + HOUR)
    feed.answers(after=2 * HOUR)
    assert changes(feed.answers(closed(5, 8), after=HOUR)) == ["created"]


# --- order unknown -------------------------------------------------------------------------


def _unproven(*claims: Claim, habits: dict[str, bool] | None = None) -> Feed:
    """A wordless feed that read version 1 after its last answer, and now shows these."""
    feed = _feed()
    feed.is_read(1)
    feed.state = replace(feed.state, habits=habits or {})
    feed.answers(*claims)
    return feed


def test_the_whole_shape_is_an_unproven_echo() -> None:
    """All nights to come are shown and the edges fit: an echo, marked unproven, and waiting."""
    feed = _unproven(closed(5, 8))
    assert _roles(feed) == [(nights(5, 8), "stay_a")] and not feed.echoes[0].proven
    assert feed.last is not None and feed.last.waiting


def test_part_of_the_shape_is_genuine() -> None:
    """A night of ours that is open there: it was not our stay that closed the others."""
    assert _unproven(closed(5, 7)).taken == set(nights(5, 7))


def test_an_edge_that_does_not_fit_is_genuine() -> None:
    """The entry goes on where the version held nothing."""
    assert _unproven(closed(5, 9)).taken == set(nights(5, 9))


def test_a_first_answer_is_an_order_unknown() -> None:
    """No earlier good answer: the shape decides."""
    feed = Feed()
    feed.sells(stay("stay_a", 5, 8))
    feed.publishes(Publication("stay_a", nights(5, 8), 1))
    feed.is_read(1, NOON - HOUR)
    feed.answers(closed(5, 8), closed(20, 22))
    assert _roles(feed) == [(nights(5, 8), "stay_a"), (nights(20, 22), None)]


def test_it_is_cut_at_the_channels_own_stay() -> None:
    """The night beyond is held by the version too, and another entry shows it."""
    feed = Feed()
    feed.sells(stay("stay_a", 5, 8), stay("stay_b", 8, 9))
    feed.publishes(Publication("stay_a", nights(5, 8), 1), Publication("stay_b", nights(8, 9), 1))
    feed.answers(closed(8, 9))
    feed.is_read(1, feed.now + timedelta(minutes=1))
    feed.answers(closed(8, 9), closed(5, 8))
    assert _roles(feed) == [(nights(5, 8), "stay_a"), (nights(8, 9), None)]


def test_a_channel_known_to_ignore_has_no_echoes() -> None:
    """What it does not show it cannot show back."""
    feed = _unproven(closed(5, 8), habits={"shows_imports": False})
    assert feed.taken == set(nights(5, 8))


def test_an_unproven_echo_ends_when_the_channel_is_known_to_ignore() -> None:
    """Learned later from other stays: these nights are its own, and closed."""
    feed = _unproven(closed(5, 8))
    feed.state = replace(feed.state, habits={"shows_imports": False})
    assert changes(feed.answers(closed(5, 8))) == ["created"]
    assert feed.taken == set(nights(5, 8)) and not feed.echoes


def test_for_blocks_by_word_proof_stands_whatever_was_learned() -> None:
    """The habit only settles what is not proven."""
    feed = _feed()
    feed.is_read(1)
    feed.state = replace(feed.state, habits={"shows_imports": False})
    feed.answers(after=HOUR)
    assert changes(feed.answers(block(5, 8), after=HOUR)) == ["echo"]


# --- when the cause ends -------------------------------------------------------------------


def _ended(make: type[Claim]) -> Feed:
    """An echo whose stay was canceled: version 2 is without it, and not read yet."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    feed.answers(make(5, 8), after=HOUR)
    feed.sells(stay("stay_a", 5, 8, live=False))
    feed.publishes(Publication("stay_a", nights(5, 8), 1, 2))
    return feed


@pytest.mark.parametrize("make", [block, closed])
def test_an_echo_holds_nothing_while_its_end_is_unread(make: type[Claim]) -> None:
    """The channel had the nights closed and cannot have sold them."""
    feed = _ended(make)
    for _ in range(4):
        assert changes(feed.answers(make(5, 8), after=12 * HOUR)) == []
    assert not feed.taken and feed.last is not None and feed.last.waiting


@pytest.mark.parametrize("make", [block, closed])
def test_an_echo_that_leaves_after_its_cause_leaves_nothing(make: type[Claim]) -> None:
    """Read, opened, gone without a word."""
    feed = _ended(make)
    feed.is_read(2, feed.now + HOUR)
    assert changes(feed.answers(after=2 * HOUR)) == []
    assert not feed.taken and not feed.echoes


@pytest.mark.parametrize("make", [block, closed])
def test_nights_still_shown_after_that_reading_are_its_own(make: type[Claim]) -> None:
    """Closed again as a claim of the channel's own; the host hears only after a day."""
    feed = _ended(make)
    feed.is_read(2, feed.now + HOUR)
    still = feed.answers(make(5, 8), after=2 * HOUR)
    assert changes(still) == ["created"] and not still.notices and still.waiting
    assert feed.taken == set(nights(5, 8)) and outlived(feed.standing[0])
    assert not feed.answers(make(5, 8), after=12 * HOUR).notices
    told = feed.answers(make(5, 8), after=13 * HOUR)
    assert [n.code for n in told.notices] == ["echo_outlived"]
    assert not feed.answers(make(5, 8), after=12 * HOUR).notices
    assert outlived(feed.standing[0])


@pytest.mark.parametrize("make", [block, closed])
def test_what_outlived_an_echo_and_then_vanishes_is_freed_a_day_after_that_reading(
    make: Callable[..., Claim],
) -> None:
    """Until it read the channel had our nights closed: what it leaves out so soon is no proof."""
    feed, far = _ended(make), make(60, 62)
    feed.answers(make(5, 8), far)
    feed.is_read(2, feed.now + HOUR)
    feed.answers(make(5, 8), far, after=2 * HOUR)
    for _ in range(5):
        feed.answers(far, after=4 * HOUR)
        assert set(nights(5, 8)) <= feed.taken
    assert changes(feed.answers(far, after=4 * HOUR)) == ["withdrawn"]
    assert not set(nights(5, 8)) & feed.taken


def test_what_is_shown_first_after_the_cause_is_read_to_be_gone_is_closed_at_once() -> None:
    """Late or the channel's own: the same answer again would close it, so the first one does."""
    feed = _feed()
    feed.is_read(1)
    feed.sells(stay("stay_a", 5, 8, live=False))
    feed.publishes(Publication("stay_a", nights(5, 8), 1, 2))
    feed.is_read(2, feed.now + timedelta(minutes=30))
    feed.answers(block(5, 8), after=HOUR)
    assert feed.taken == set(nights(5, 8)) and outlived(feed.standing[0])
    assert not feed.answers(block(5, 8), after=timedelta()).changes


def test_our_own_uid_is_never_a_sale() -> None:
    """It is our entry, however long somebody repeats it."""
    feed = _feed()
    feed.answers(block(5, 8, OURS))
    feed.sells(stay("stay_a", 5, 8, live=False))
    feed.publishes(Publication("stay_a", nights(5, 8), 1, 2))
    feed.is_read(2)
    assert changes(feed.answers(block(5, 8, OURS), after=HOUR)) == []
    assert not feed.taken


def test_a_cause_that_moved_frees_the_nights_it_left() -> None:
    """Only the nights that no stay of ours holds any more outlive it."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    feed.answers(block(5, 8), after=HOUR)
    feed.sells(stay("stay_a", 5, 7))
    feed.publishes(
        Publication("stay_a", nights(5, 8), 1, 2), Publication("stay_a", nights(5, 7), 2)
    )
    feed.is_read(2)
    feed.answers(block(5, 8), after=HOUR)
    assert _roles(feed) == [(nights(5, 7), "stay_a"), (nights(7, 8), None)]


@pytest.mark.parametrize("make", [block, closed])
def test_an_echo_is_one_on_the_day_of_departure_too(make: Callable[..., Claim]) -> None:
    """Under another UID as well: a channel that cuts running closures names them by their start."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    feed.answers(make(5, 8), after=HOUR)
    assert _roles(feed) == [(nights(5, 8), "stay_a")]
    feed.answers(make(7, 8, uid="cut"), after=8 * 24 * HOUR)
    assert feed.today == nights(5, 8).departure
    assert [role for _, role in _roles(feed)] == ["stay_a"]


def test_an_echo_that_looks_like_a_setting_goes_on_being_the_same_echo() -> None:
    """And is the channel's own once it has read that the cause is gone."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    beside = block(5, 6, reason=Reason.RULE_PREPARATION)
    feed.answers(beside, after=HOUR)
    (echo,) = feed.echoes
    feed.answers(beside, after=HOUR)
    assert [k.id for k in feed.echoes] == [echo.id]
    feed.sells(stay("stay_a", 5, 8, live=False))
    feed.publishes(Publication("stay_a", nights(5, 8), 1, 2))
    feed.is_read(2)
    feed.answers(beside, after=HOUR)
    assert set(nights(5, 6)) <= feed.taken
    feed.answers(beside, after=HOUR)
    assert set(nights(5, 6)) <= feed.taken


# --- what is learned -----------------------------------------------------------------------


def test_that_it_shows_what_it_reads_is_learned() -> None:
    """From the first proven echo; and unlearns the opposite."""
    feed = _feed()
    feed.is_read(1)
    feed.state = replace(feed.state, habits={"shows_imports": False})
    feed.answers(after=HOUR)
    feed.answers(block(5, 8), after=HOUR)
    assert feed.state.habits["shows_imports"] is True


def test_that_it_does_not_is_learned_after_two_days() -> None:
    """Two good answers and 48 h after the reading, and none of the nights shown."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    assert feed.last is not None and feed.last.waiting
    feed.answers(after=46 * HOUR)
    assert "shows_imports" not in feed.state.habits
    feed.answers(after=2 * HOUR)
    assert feed.state.habits["shows_imports"] is False


def test_what_it_shows_later_unlearns_that() -> None:
    """A stay of ours appears whole after all: the nights stay its own, the habit goes."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    feed.answers(after=48 * HOUR)
    assert feed.state.habits["shows_imports"] is False
    assert changes(feed.answers(closed(5, 8), after=HOUR)) == ["created"]
    assert "shows_imports" not in feed.state.habits


def test_what_is_learned_keeps_no_feed_waiting_for_ever() -> None:
    """Once a stay that was read has been judged, an unchanged answer costs nothing."""
    feed = _feed()
    feed.is_read(1)
    feed.answers(after=HOUR)
    feed.answers(after=48 * HOUR)
    assert feed.last is not None and not feed.last.waiting


def test_that_it_goes_on_showing_its_own_is_learned_after_a_day() -> None:
    """Its own nights were closed by what it read, and it shows them all the same."""
    feed = _feed(closed(5, 8))
    feed.is_read(1)
    feed.answers(closed(5, 8), after=HOUR)
    assert "shows_own" not in feed.state.habits
    feed.answers(closed(5, 8), after=24 * HOUR)
    assert feed.state.habits["shows_own"] is True


# --- sightings and history -----------------------------------------------------------------


def _at(hours: int) -> datetime:
    return NOON + hours * HOUR


def test_a_sighting_is_one_unbroken_showing() -> None:
    """Nights keep when they were first shown; one that was away starts anew."""
    first = advance((), [nights(5, 8)], None, _at(0))
    second = advance(first, [nights(5, 6), nights(7, 10)], _at(0), _at(1))
    assert [(s.nights, s.first_shown, s.good_before) for s in second] == [
        (nights(5, 6), _at(0), None),
        (nights(7, 8), _at(0), None),
        (nights(8, 10), _at(1), _at(0)),
    ]
    third = advance(second, [nights(5, 8)], _at(1), _at(2))
    assert [(s.nights, s.first_shown) for s in third] == [
        (nights(5, 6), _at(0)),
        (nights(6, 7), _at(2)),
        (nights(7, 8), _at(0)),
    ]


def test_a_suspicious_answer_breaks_no_showing() -> None:
    """Held nights go on being shown since they first were."""
    feed = Feed()
    many = [block(n, n + 2) for n in (20, 30, 40)]
    feed.answers(*many)
    feed.answers()
    feed.answers(*many)
    assert {s.first_shown for s in feed.state.sightings} == {NOON}


def test_the_history_of_an_export() -> None:
    """Which version was read when, and what it held."""
    history = ExportHistory(
        (Publication("stay_a", nights(5, 7), 1, 3), Publication("stay_b", nights(6, 8), 2)),
        (ExportReading(1, _at(0), _at(1)), ExportReading(3, _at(2), _at(9))),
    )
    assert history.version_read_before(_at(0)) is None
    assert history.version_read_before(_at(1)) == 1
    assert history.version_read_before(_at(3)) == 3
    assert history.held(1) == dict.fromkeys(nights(5, 7), "stay_a")
    assert history.held(3) == dict.fromkeys(nights(6, 8), "stay_b")
    assert history.holders(2, TODAY + timedelta(days=6)) == {"stay_a", "stay_b"}
    assert history.latest_within(HOUR, _at(2)) == (3, 1)
    assert history.latest_within(HOUR, _at(9)) == (3,)


def test_a_rule_shape_that_is_an_echo_is_an_echo() -> None:
    """One night of ours beside their stay is no preparation of theirs."""
    feed = _feed()
    feed.sells(stay("stay_a", 5, 6))
    feed.publishes(Publication("stay_a", nights(5, 6), 1))
    feed.is_read(1)
    feed.answers(after=HOUR)
    night = block(5, 6, reason=Reason.RULE_PREPARATION)
    assert changes(feed.answers(night, after=HOUR)) == ["echo"]
