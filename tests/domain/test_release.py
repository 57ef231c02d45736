"""When a night that an answer lacks is freed: each sentence of rules 4."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.planning import Feed, block, changes, closed, nights, reservation, stay
from vacancy.domain.claims import Claim, ClaimStatus
from vacancy.domain.echoes import Publication
from vacancy.domain.release import ReleaseRules, release_by_person
from vacancy.domain.settle import start_anew

HOUR = timedelta(hours=1)
MANY = tuple(reservation(n, n + 2) for n in range(40, 70, 3))


def _feed(*claims: Claim) -> Feed:
    """A feed that has shown these, and ten stays more that a single absence gets lost among."""
    feed = Feed()
    feed.answers(*claims, *MANY)
    return feed


def test_canceled_by_word_at_once_and_once() -> None:
    """STATUS:CANCELLED frees the nights in the answer that says it, and is reported once."""
    feed = _feed(reservation(5, 8))
    gone = reservation(5, 8, canceled=True)
    assert changes(feed.answers(gone, *MANY)) == ["canceled"]
    assert changes(feed.answers(gone, *MANY)) == []
    assert nights(5, 8).arrival not in feed.taken


def test_a_running_stay_is_canceled_by_word() -> None:
    """What the source says outright needs no absence, also during the stay."""
    feed = _feed(reservation(-1, 3))
    assert changes(feed.answers(reservation(-1, 3, canceled=True), *MANY)) == ["canceled"]


def test_withdrawn_after_two_answers_over_an_hour() -> None:
    """The first absence marks, the second within the hour waits, the first past the hour frees."""
    feed = _feed(reservation(5, 8))
    assert changes(feed.answers(*MANY)) == ["missing"]
    assert changes(feed.answers(*MANY)) == []
    assert set(nights(5, 8)) <= feed.taken
    assert changes(feed.answers(*MANY, after=timedelta(minutes=45))) == ["withdrawn"]
    assert not set(nights(5, 8)) & feed.taken


def test_one_absence_is_not_enough_however_late() -> None:
    """A feed that is asked once a day needs two answers as well."""
    feed = _feed(reservation(5, 8))
    assert changes(feed.answers(*MANY, after=24 * HOUR)) == ["missing"]
    assert changes(feed.answers(*MANY, after=24 * HOUR)) == ["withdrawn"]


def test_a_slower_profile_needs_three_over_six_hours() -> None:
    """The rules of a feed are data: Booking.com's are 3 answers over 6 h."""
    feed = _feed(closed(5, 8))
    feed.state = replace(feed.state, rules=ReleaseRules(absences=3, span=6 * HOUR))
    assert changes(feed.answers(*MANY)) == ["missing"]
    assert changes(feed.answers(*MANY, after=7 * HOUR)) == []
    assert changes(feed.answers(*MANY)) == ["withdrawn"]


def test_any_sighting_clears_the_mark() -> None:
    """Seen again before it is released: live, and the next absence is the first."""
    feed = _feed(reservation(5, 8))
    feed.answers(*MANY)
    feed.answers(reservation(5, 8), *MANY)
    assert feed.standing[0].status is ClaimStatus.LIVE and feed.standing[0].absences == 0
    assert changes(feed.answers(*MANY, after=2 * HOUR)) == ["missing"]


def test_a_suspicion_restarts_the_count() -> None:
    """Absences counted before a doubt do not count after it."""
    feed = _feed(reservation(5, 8))
    feed.answers(*MANY)
    assert feed.answers(after=2 * HOUR).outcome == "suspicious"
    assert changes(feed.answers(*MANY)) == []
    assert set(nights(5, 8)) <= feed.taken
    assert changes(feed.answers(*MANY, after=HOUR)) == ["withdrawn"]


def test_a_reservation_in_progress_is_never_withdrawn() -> None:
    """It is held until departure; the host hears of it on the second answer, once."""
    feed = _feed(reservation(-1, 3))
    assert changes(feed.answers(*MANY)) == ["missing"]
    told = feed.answers(*MANY, after=HOUR)
    assert [n.code for n in told.notices] == ["running_missing"]
    for _ in range(5):
        assert not feed.answers(*MANY, after=2 * HOUR).notices
    assert set(nights(0, 3)) <= feed.taken


def test_a_block_in_progress_follows_the_common_rule() -> None:
    """A host may open running nights again."""
    feed = _feed(block(-1, 3))
    feed.answers(*MANY)
    assert changes(feed.answers(*MANY, after=HOUR)) == ["withdrawn"]


def test_departed_is_aged_out_and_no_cancellation() -> None:
    """A stay that is over leaves quietly, whether it is listed or not."""
    feed = _feed(reservation(-1, 1))
    assert changes(feed.answers(*MANY, after=timedelta(days=2))) == ["aged_out"]
    assert changes(feed.answers(reservation(-1, 1), *MANY, after=HOUR)) == []


def test_the_day_of_departure_says_nothing() -> None:
    """A stay without a night to come does not go missing."""
    feed = _feed(reservation(-2, 0))
    assert changes(feed.answers(*MANY)) == []


def test_seen_again_after_release_under_its_key() -> None:
    """The same code is the same stay, also with other dates."""
    feed = _feed(reservation(5, 8, "HM5"))
    first = feed.standing[0].id
    feed.answers(*MANY)
    feed.answers(*MANY, after=HOUR)
    back = feed.answers(reservation(6, 9, "HM5"), *MANY)
    assert changes(back) == ["reinstated"] and back.changes[0].claim_id == first
    assert feed.standing[0].nights == nights(6, 9)


def test_seen_again_after_release_without_a_key() -> None:
    """Nights without a name are read as new."""
    feed = _feed(block(5, 8))
    first = feed.standing[0].id
    feed.answers(*MANY)
    feed.answers(*MANY, after=HOUR)
    back = feed.answers(block(5, 8), *MANY)
    assert changes(back) == ["created"] and back.changes[0].claim_id != first


def test_a_person_releases_and_a_sighting_reinstates() -> None:
    """A person may end any imported stay; what the feed shows later counts again."""
    feed = _feed(reservation(-1, 3, "HM1"))
    gone, told = release_by_person([feed.standing[0]], feed.now)
    assert [c.change.value for c in told] == ["withdrawn"] and not gone[0].stands
    known = {k.id: k for k in (*feed.state.known, *gone)}
    feed.state = replace(feed.state, known=tuple(known.values()))
    assert changes(feed.answers(reservation(-1, 3, "HM1"), *MANY)) == ["reinstated"]
    assert release_by_person(gone, feed.now) == ((), ())


@pytest.mark.parametrize("live", [1, 2])
def test_an_empty_calendar_with_one_or_two_live(live: int) -> None:
    """Rule 4, and besides three good empty answers over six hours."""
    feed = Feed()
    feed.answers(*(reservation(5 + 4 * n, 8 + 4 * n) for n in range(live)))
    assert changes(feed.answers()) == ["missing"] * live
    assert changes(feed.answers(after=7 * HOUR)) == []
    assert changes(feed.answers(after=HOUR)) == ["withdrawn"] * live


def test_an_empty_run_is_counted_from_its_own_start() -> None:
    """Absences from answers that showed something are none of the three empty ones."""
    feed = Feed()
    feed.answers(reservation(5, 8), reservation(10, 12))
    feed.answers(reservation(10, 12))
    feed.answers(after=timedelta(minutes=30))
    feed.answers(after=3 * HOUR)
    assert "HM5@ota" not in [uid for change, uid in feed.said() if change == "withdrawn"]
    feed.answers(after=3 * HOUR)
    assert ("withdrawn", "HM5@ota") in feed.said()


def test_empty_with_none_known_is_accepted() -> None:
    """Nothing was there, nothing is there."""
    feed = Feed()
    assert feed.answers().outcome == "unchanged"
    assert feed.answers().outcome == "unchanged"


def test_a_clock_that_jumped_starts_every_span_anew() -> None:
    """The wall clock is no proof of time after it was set."""
    feed = _feed(reservation(5, 8))
    feed.answers(*MANY)
    feed.state = start_anew(feed.state, feed.now)
    assert changes(feed.answers(*MANY, after=9 * HOUR)) == []
    assert changes(feed.answers(*MANY, after=HOUR)) == ["withdrawn"]


# --- masks ---------------------------------------------------------------------------------


def _masked_feed(claim: Claim) -> Feed:
    """A wordless feed whose nights 5 to 8 another channel sold too, and which read of it."""
    feed = _feed(claim)
    feed.sells(stay("stay_a", 5, 7))
    feed.publishes(Publication("stay_a", nights(5, 7), 2, 3))
    feed.wait(HOUR)
    feed.is_read(2)
    return feed


def test_nights_that_it_read_closed_are_masked_night_by_night() -> None:
    """Two of three nights may have been subtracted: they stay; the third counts."""
    feed = _masked_feed(closed(5, 8))
    feed.answers(*MANY)
    assert [(k.nights, k.masked) for k in feed.standing[:2]] == [
        (nights(5, 7), True),
        (nights(7, 8), False),
    ]
    feed.answers(*MANY, after=HOUR)
    for _ in range(9):
        feed.answers(*MANY, after=9 * HOUR)
    assert feed.taken >= set(nights(5, 7)) and nights(7, 8).arrival not in feed.taken


def test_the_mask_lifts_when_a_version_without_is_read() -> None:
    """Absence counts afresh: two answers over the hour, a day after that reading at least."""
    feed = _masked_feed(closed(5, 7))
    feed.answers(*MANY)
    feed.answers(*MANY, after=9 * HOUR)
    feed.is_read(3)
    assert changes(feed.answers(*MANY, after=HOUR)) == []
    assert changes(feed.answers(*MANY, after=2 * HOUR)) == []
    assert set(nights(5, 7)) <= feed.taken
    assert changes(feed.answers(*MANY, after=22 * HOUR)) == ["withdrawn"]


def test_a_clock_that_jumped_starts_the_day_after_a_mask_anew() -> None:
    """The channel had an hour to show the nights again, whatever the wall clock says."""
    feed = _masked_feed(closed(5, 7))
    feed.answers(*MANY)
    feed.is_read(3, feed.now + timedelta(minutes=1))
    feed.answers(*MANY, after=HOUR)
    feed.wait(30 * HOUR)
    feed.state = start_anew(feed.state, feed.now)
    for _ in range(5):
        assert changes(feed.answers(*MANY, after=4 * HOUR)) == []
    assert changes(feed.answers(*MANY, after=4 * HOUR)) == ["withdrawn"]


def test_a_strong_key_is_never_masked() -> None:
    """A channel that names its reservations lists them whatever it imports."""
    feed = _masked_feed(reservation(5, 7))
    feed.answers(*MANY)
    assert changes(feed.answers(*MANY, after=HOUR)) == ["withdrawn"]


def test_no_mask_where_the_channel_shows_its_own() -> None:
    """What was learned of the channel decides."""
    feed = _masked_feed(closed(5, 7))
    feed.state = replace(feed.state, habits={"shows_own": True})
    feed.answers(*MANY)
    assert changes(feed.answers(*MANY, after=HOUR)) == ["withdrawn"]


def test_a_version_read_after_they_went_missing_masks_nothing() -> None:
    """Only what it had read before can have made it drop the nights."""
    feed = _feed(closed(5, 7))
    feed.sells(stay("stay_a", 5, 7))
    feed.publishes(Publication("stay_a", nights(5, 7), 2))
    feed.answers(*MANY)
    feed.is_read(2, feed.now + timedelta(minutes=1))
    assert changes(feed.answers(*MANY, after=HOUR)) == ["withdrawn"]
