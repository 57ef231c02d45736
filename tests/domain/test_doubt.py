"""Answers that are too much to believe at once: each sentence of rules 5."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.planning import TODAY, Feed, block, changes, closed, nights, reservation, stay
from vacancy.domain.claims import Claim, Identity, Kind, Reason
from vacancy.domain.doubt import DoubtKind
from vacancy.domain.echoes import Publication
from vacancy.domain.errors import Refused
from vacancy.domain.release import ReleaseRules
from vacancy.domain.settle import decide_doubt

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)


def _stays(*starts: int) -> tuple[Claim, ...]:
    return tuple(reservation(n, n + 2) for n in starts)


NINE = _stays(20, 30, 40, 50, 60, 70, 80, 90, 100)


def _feed(*claims: Claim) -> Feed:
    feed = Feed()
    feed.answers(*(claims or NINE))
    return feed


def test_three_that_are_a_third_are_held_with_one_alarm() -> None:
    """Removals held, one alarm, nothing marked missing; the same again is silent."""
    feed = _feed()
    doubted = feed.answers(*NINE[3:])
    assert doubted.outcome == "suspicious" and doubted.alarm
    assert changes(doubted) == ["held_back"] * 3
    assert {k.status.value for k in feed.standing} == {"live"}
    again = feed.answers(*NINE[3:])
    assert again.outcome == "suspicious" and not again.alarm and not again.changes


def test_two_or_less_than_a_third_are_believed() -> None:
    """Two of four, and three of ten, are missing in the common way."""
    few = _feed(*NINE[:4])
    assert changes(few.answers(*NINE[2:4])) == ["missing", "missing"]
    ten = _feed(*NINE, *_stays(110))
    assert changes(ten.answers(*NINE[3:], *_stays(110))) == ["missing"] * 3


def test_a_third_of_the_nights_is_enough() -> None:
    """Three claims of ten, but one is a season."""
    season = block(200, 400)
    feed = _feed(*NINE, season)
    assert feed.answers(*NINE[2:]).outcome == "suspicious"


def test_a_third_of_the_claims_is_enough() -> None:
    """Three single nights of nine stays, though the others are seasons."""
    short = tuple(reservation(n, n + 1) for n in (20, 22, 24))
    long = tuple(reservation(n, n + 30) for n in range(30, 210, 30))
    assert _feed(*short, *long).answers(*long).outcome == "suspicious"


def test_those_already_missing_count() -> None:
    """Two went quietly; with the third the answer is doubted, and their count starts anew."""
    feed = _feed(*NINE[:6])
    feed.answers(*NINE[2:6])
    assert feed.answers(*NINE[3:6], after=2 * HOUR).outcome == "suspicious"
    assert not [change for change, _ in feed.said() if change == "withdrawn"]


def test_running_masked_and_rule_claims_do_not_count() -> None:
    """A running stay and a tail are no reason to doubt."""
    running, tail = reservation(-1, 2), block(180, 366, reason=Reason.RULE_WINDOW)
    feed = _feed(running, tail, *NINE[:4])
    assert feed.answers(*NINE[2:4]).outcome == "fresh"
    masked = _feed(*(closed(n, n + 2) for n in (120, 130, 140)), *NINE[:2])
    masked.sells(stay("stay_a", 120, 122))
    masked.publishes(Publication("stay_a", nights(120, 122), 1))
    masked.wait(HOUR)
    masked.is_read(1)
    assert masked.answers(closed(130, 132), closed(140, 142), *NINE[:2]).changes
    assert masked.standing[2].masked
    assert masked.answers(*NINE[:2]).outcome != "suspicious"
    assert masked.answers(NINE[0], after=2 * HOUR).outcome == "suspicious"


def test_additions_of_a_suspicious_answer_are_applied() -> None:
    """A new stay closes its nights at once."""
    feed = _feed()
    assert "created" in changes(feed.answers(*NINE[3:], *_stays(150)))
    assert set(nights(150, 152)) <= feed.taken


def test_a_move_in_a_suspicious_answer_closes_both() -> None:
    """The new nights are closed, the old ones kept until the answers are believed."""
    feed = _feed()
    moved = reservation(150, 152, "HM100")
    feed.answers(*NINE[3:8], moved)
    assert {*nights(150, 152), *nights(100, 102)} <= feed.taken
    feed.answers(*NINE[:8], moved)
    assert feed.state.doubt is None
    assert not set(nights(100, 102)) & feed.taken and set(nights(150, 152)) <= feed.taken


def test_another_units_calendar_is_doubted_however_long_it_is() -> None:
    """Many new stays do not make those that are gone few: all wait for a person."""
    feed = _feed()
    others = _stays(*range(200, 320, 4))
    for _ in range(20):
        assert feed.answers(*others, after=3 * HOUR).outcome == "suspicious"
    assert feed.state.doubt is not None and feed.state.doubt.needs_person
    assert {n for c in NINE for n in c.nights} <= feed.taken


@pytest.mark.parametrize("times", [1, 2])
def test_nights_that_a_block_moved_to_do_not_end_the_doubt(times: int) -> None:
    """Nothing that was known is shown: it waits for a person, however often the answer comes."""
    feed = _feed(block(20, 22, "one"), block(40, 42, "two"), block(60, 62, "three"))
    feed.answers()
    before, moved = feed.taken, block(120, 122, "one")
    doubted = feed.answers(moved, after=25 * HOUR)
    assert doubted.outcome == "suspicious" and changes(doubted) == ["updated"]
    for _ in range(times):
        again = feed.answers(moved, after=timedelta())
        assert again.outcome == "suspicious" and not again.changes
    assert feed.answers(moved, after=25 * HOUR).outcome == "suspicious"
    assert feed.state.doubt is not None and feed.state.doubt.needs_person
    assert feed.taken == before | set(nights(120, 122))


def test_nights_that_a_doubted_answer_gives_to_another_claim_are_held_once() -> None:
    """A block moved, and a guest has its last night: held like the others, no news twice."""
    feed = _feed(block(-2, 5, "one"), block(40, 42), block(60, 62), block(80, 82))
    answer = (block(98, 102, "one"), reservation(4, 6, "HMIN"))
    assert feed.answers(*answer, after=DAY).outcome == "suspicious"
    again = feed.answers(*answer, after=timedelta())
    assert again.outcome == "suspicious" and not again.changes
    assert set(nights(1, 6)) <= feed.taken


def test_a_reservation_from_long_ago_does_not_end_the_doubt() -> None:
    """It was released before the doubt began: what is in doubt is as absent as ever."""
    feed = _feed(reservation(10, 12, "HMOLD"), *NINE[:3])
    for _ in range(2):
        feed.answers(*NINE[:3], after=2 * HOUR)
    assert ("withdrawn", "HMOLD@ota") in feed.said()
    feed.answers()
    for _ in range(2):
        again = feed.answers(reservation(10, 12, "HMOLD"), after=25 * HOUR)
        assert again.outcome == "suspicious"
        assert again.doubt is not None and again.doubt.needs_person
        assert feed.answers(reservation(10, 12, "HMOLD"), after=timedelta()).doubt == again.doubt


def test_nights_that_a_doubted_answer_adds_do_not_make_the_lost_ones_few() -> None:
    """Three of ten stay away with a third of the nights; another grows where a fourth is back."""
    feed = _feed(*NINE[:8], block(200, 230), block(300, 302))
    feed.answers(*NINE[3:8], block(300, 302))
    grown = (*NINE[2:8], block(300, 380))
    assert feed.answers(*grown).outcome == "suspicious"
    assert feed.answers(*grown, after=timedelta()).outcome == "suspicious"


def test_what_went_missing_before_a_reading_counts_as_often_as_the_answer_comes() -> None:
    """The version that the channel read later is no reason for it, in doubt as without."""
    feed = _feed(block(40, 42, "one"), block(60, 62, "two"), block(80, 82, "three"), *NINE[:2])
    feed.answers(block(60, 62, "two"), block(80, 82, "three"), *NINE[:2])
    feed.sells(stay("stay_a", 40, 42))
    feed.publishes(Publication("stay_a", nights(40, 42), 1))
    feed.wait(HOUR)
    feed.is_read(1)
    for _ in range(3):
        settled = feed.answers(*NINE[:2], after=timedelta(minutes=5))
        assert settled.outcome == "suspicious"
        assert feed.answers(*NINE[:2], after=timedelta()).outcome == "suspicious"


def test_a_masked_part_hides_no_other_of_the_same_block() -> None:
    """Of two nights that a block lost the channel had read one: the other is gone all the same."""
    feed = _feed(block(40, 44, "one"), block(60, 62, "two"), block(80, 82, "three"))
    feed.sells(stay("stay_a", 41, 42))
    feed.publishes(Publication("stay_a", nights(41, 42), 1))
    feed.wait(HOUR)
    feed.is_read(1)
    answer = (block(40, 41, "one"), block(42, 43, "new", identity=Identity.NONE))
    first = feed.answers(*answer)
    again = feed.answers(*answer, after=timedelta())
    assert (first.outcome, again.outcome) == ("suspicious", "suspicious")


def test_a_person_accepts_nights_that_a_block_lost() -> None:
    """Only what the answer lacks is withdrawn, not what it shows of the same blocks."""
    feed = _feed(*(block(n, n + 10) for n in (20, 40, 60)))
    assert changes(feed.answers(*(block(n, n + 2) for n in (20, 40, 60)))) == ["held_back"] * 3
    assert not feed.answers(*(block(n, n + 2) for n in (20, 40, 60))).changes
    feed.take(decide_doubt(feed.state, accept=True, now=feed.now))
    assert feed.taken == {n for first in (20, 40, 60) for n in nights(first, first + 2)}


def test_a_person_keeps_nights_that_a_block_lost() -> None:
    """Rejected, they stay closed whatever the feed goes on saying."""
    feed = _feed(*(block(n, n + 10) for n in (20, 40, 60)))
    before = feed.taken
    feed.answers(*(block(n, n + 2) for n in (20, 40, 60)))
    feed.take(decide_doubt(feed.state, accept=False, now=feed.now))
    for _ in range(4):
        feed.answers(*(block(n, n + 2) for n in (20, 40, 60)), after=9 * HOUR)
    assert feed.taken == before


def test_an_empty_answer_counts_the_guest_who_is_in() -> None:
    """Two to come and one running are three live: an empty calendar is doubted."""
    feed = _feed(reservation(-1, 3), *NINE[:2])
    assert feed.answers().outcome == "suspicious"


def test_the_doubt_ends_when_fewer_are_left() -> None:
    """Those that still lack begin as newly missing."""
    feed = _feed()
    feed.answers(*NINE[3:])
    back = feed.answers(*NINE[2:], after=2 * HOUR)
    assert back.doubt is None and back.outcome == "fresh" and changes(back) == ["missing"] * 2
    assert changes(feed.answers(*NINE[2:], after=HOUR)) == ["withdrawn"] * 2


def test_a_day_of_agreement_is_believed() -> None:
    """After 24 h of agreeing answers the held begin to be missing, and are withdrawn in time."""
    feed = _feed()
    feed.answers(*NINE[3:])
    for _ in range(23):
        assert feed.answers(*NINE[3:], after=HOUR).outcome == "suspicious"
    believed = feed.answers(*NINE[3:], after=HOUR)
    assert changes(believed) == ["missing"] * 3 and believed.outcome == "fresh"
    assert changes(feed.answers(*NINE[3:], after=HOUR)) == ["withdrawn"] * 3
    assert feed.answers(*NINE[3:]).doubt is None


def test_a_span_of_zero_is_for_a_person_only() -> None:
    """No agreement of answers ends the doubt."""
    feed = _feed()
    feed.state = replace(feed.state, rules=ReleaseRules(suspicion_span=timedelta()))
    feed.answers(*NINE[3:])
    for _ in range(9):
        assert feed.answers(*NINE[3:], after=DAY).outcome == "suspicious"


def test_an_answer_that_changes_its_mind_agrees_from_then() -> None:
    """A fourth that vanishes starts the day anew."""
    feed = _feed()
    feed.answers(*NINE[3:])
    feed.answers(*NINE[4:], after=23 * HOUR)
    assert feed.answers(*NINE[4:], after=2 * HOUR).outcome == "suspicious"
    assert feed.answers(*NINE[4:], after=23 * HOUR).outcome == "fresh"


def test_an_answer_that_shows_none_waits_for_a_person() -> None:
    """However long it agrees; with a reminder a day."""
    feed = _feed()
    emptied = feed.answers()
    assert emptied.doubt is not None and emptied.doubt.kind is DoubtKind.EMPTIED
    assert emptied.doubt.needs_person and emptied.alarm
    reminded = [feed.answers(after=8 * HOUR).notices for _ in range(6)]
    assert [bool(n) for n in reminded] == [False, False, True, False, False, True]
    assert len(feed.standing) == len(NINE)


def test_an_arrival_within_a_week_waits_for_a_person() -> None:
    """The others are believed after a day; this one is kept, with a reminder."""
    feed = _feed(*_stays(6), *NINE)
    for _ in range(14):
        feed.answers(*NINE[3:], after=2 * HOUR)
    assert feed.state.doubt is not None and feed.state.doubt.needs_person
    assert nights(6, 8).arrival in feed.taken and nights(20, 22).arrival not in feed.taken
    feed.answers(*_stays(6), *NINE[3:])
    assert feed.state.doubt is None


def test_a_person_accepts() -> None:
    """What was held is withdrawn at once, once, and the feed is believed again."""
    feed = _feed()
    feed.answers(*NINE[3:])
    feed.take(decide_doubt(feed.state, accept=True, now=feed.now))
    assert [change for change, _ in feed.said()].count("withdrawn") == 3
    after = feed.answers(*NINE[3:])
    assert after.doubt is None and not after.changes


def test_a_person_accepts_the_answer_that_was_shown() -> None:
    """Another answer since then is another question."""
    feed = _feed()
    feed.answers(*NINE[3:])
    assert feed.state.doubt is not None
    shown = feed.state.doubt.answer_digest
    feed.answers(*NINE[4:])
    with pytest.raises(Refused) as refused:
        decide_doubt(feed.state, accept=True, now=feed.now, answer=shown)
    assert refused.value.code == "answer_changed"


def test_nothing_to_decide() -> None:
    """A feed without a doubt says so."""
    with pytest.raises(Refused):
        decide_doubt(_feed().state, accept=True, now=TODAY)  # type: ignore[arg-type]


def test_a_person_rejects() -> None:
    """The claims are kept until seen again or released, and this alarm is silent."""
    feed = _feed()
    feed.answers(*NINE[3:])
    feed.take(decide_doubt(feed.state, accept=False, now=feed.now))
    for _ in range(5):
        later = feed.answers(*NINE[3:], after=DAY)
        assert not later.alarm and later.outcome != "suspicious" and not later.changes
    assert {n for c in NINE[:3] for n in c.nights if n >= feed.today} <= feed.taken
    feed.answers(*NINE)
    assert feed.state.doubt is None


def test_after_a_rejection_the_others_are_judged_as_ever() -> None:
    """A single one goes missing; three more are a new doubt, with a new alarm."""
    feed = _feed()
    feed.answers(*NINE[3:])
    feed.take(decide_doubt(feed.state, accept=False, now=feed.now))
    assert changes(feed.answers(*NINE[4:])) == ["missing"]
    assert feed.answers(*NINE[6:]).alarm
    assert feed.answers(*NINE[3:]).doubt is not None
    for _ in range(3):
        feed.answers(*NINE[3:], after=2 * HOUR)
    assert {n for c in NINE[:3] for n in c.nights} <= feed.taken


def test_empty_while_rule_blocks_close_a_month() -> None:
    """A calendar that held only a tail and is empty all at once is doubted too."""
    tail = block(180, 366, reason=Reason.RULE_WINDOW)
    feed = _feed(tail)
    assert feed.answers().outcome == "suspicious"
    assert [k for k in feed.state.known if k.stands]
    assert feed.answers(tail).outcome == "unchanged"


# --- floods --------------------------------------------------------------------------------


def _year(*stays: Claim) -> list[Claim]:
    """Every free night blocked, between the stays."""
    edges = [0, *(e for c in stays for e in _ends(c)), 366]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return [block(first, last) for first, last in gaps if first < last]


def _ends(claim: Claim) -> tuple[int, int]:
    return ((claim.nights.arrival - TODAY).days, (claim.nights.departure - TODAY).days)


def test_a_flood_closes_nothing_before_a_second_answer() -> None:
    """Suspicious, one alarm, no night closed; and gone again it leaves no trace."""
    feed = _feed()
    before = feed.taken
    flood = feed.answers(*NINE, *_year(*NINE))
    assert flood.outcome == "suspicious" and flood.alarm and not flood.changes
    assert flood.doubt is not None and flood.doubt.kind is DoubtKind.FLOODED
    assert feed.taken == before
    assert feed.answers(*NINE).doubt is None


def test_a_flood_that_agrees_is_the_channels_own_setting() -> None:
    """A snoozed listing: shown as closed, owning no night; opened again it leaves quietly."""
    feed = _feed()
    before = feed.taken
    feed.answers(*NINE, *_year(*NINE))
    second = feed.answers(*NINE, *_year(*NINE))
    assert second.doubt is None and not second.changes
    assert [n.code for n in second.notices] == ["rule_closed"]
    settings = [k for k in feed.state.known if k.stands and k.said.is_rule_block]
    assert {k.said.reason for k in settings} == {Reason.RULE_CLOSED} and feed.taken == before
    third = feed.answers(*NINE[1:], *_year(*NINE[1:]))
    assert changes(third) == ["missing"] and not third.notices
    feed.answers(*NINE)
    assert not [k for k in feed.state.known if k.stands and k.said.is_rule_block]


def test_a_rejected_flood_stays_out() -> None:
    """A person says that the unit is open: no alarm again while it lasts."""
    feed = _feed()
    feed.answers(*NINE, *_year(*NINE))
    feed.take(decide_doubt(feed.state, accept=False, now=feed.now))
    for _ in range(3):
        later = feed.answers(*NINE, *_year(*NINE))
        assert not later.alarm and later.outcome == "unchanged"
    assert not [k for k in feed.state.known if k.stands and k.said.is_rule_block]


def test_a_rejected_flood_stays_out_under_any_reason() -> None:
    """Also where the profile calls the second answer's blocks a closed listing."""
    feed = _feed()
    feed.answers(*NINE, *_year(*NINE))
    feed.take(decide_doubt(feed.state, accept=False, now=feed.now))
    asleep = [replace(c, reason=Reason.RULE_CLOSED) for c in _year(*NINE)]
    assert not feed.answers(*NINE, *asleep).notices
    assert not [k for k in feed.state.known if k.stands and k.said.is_rule_block]


def test_a_closed_listing_that_the_profile_names_ends_the_doubt() -> None:
    """The second answer agrees, whoever says so."""
    feed = _feed()
    feed.answers(*NINE, *_year(*NINE))
    asleep = [replace(c, reason=Reason.RULE_CLOSED) for c in _year(*NINE)]
    second = feed.answers(*NINE, *asleep)
    assert second.doubt is None and [n.code for n in second.notices] == ["rule_closed"]
    awake = feed.answers(*NINE)
    assert awake.doubt is None and not awake.changes


def test_closing_again_what_was_closed_is_no_flood() -> None:
    """A season block that was away for one answer comes back as itself."""
    feed = _feed(closed(0, 540, reason=Reason.OWNER))
    feed.answers()
    back = feed.answers(closed(0, 541, "x", reason=Reason.OWNER))
    assert back.outcome == "fresh" and back.doubt is None


def test_a_room_closed_to_the_end_of_its_calendar_stays_closed_as_that_end_moves_on() -> None:
    """A night more each day is the owner's like the rest, and nobody is told of a closed year."""
    feed = _feed(closed(0, 548, reason=Reason.UNKNOWN, kind=Kind.BLOCK))
    for day in range(1, 5):
        longer = closed(day, 548 + day, reason=Reason.RULE_CLOSED, kind=Kind.BLOCK)
        settled = feed.answers(longer, after=DAY)
        assert settled.outcome == "fresh" and settled.notices == ()
        assert feed.taken == set(longer.nights)
    assert not [k for k in feed.state.known if k.stands and k.said.is_rule_block]


# --- edited addresses ----------------------------------------------------------------------


def test_after_an_edited_address_every_missing_claim_is_in_doubt() -> None:
    """One of many is enough; it is held until it is back."""
    feed = _feed()
    feed.state = replace(feed.state, address_changed=True)
    doubted = feed.answers(*NINE[1:])
    assert doubted.doubt is not None and doubted.doubt.kind is DoubtKind.EDITED
    for _ in range(3):
        assert feed.answers(*NINE[1:], after=2 * HOUR).outcome == "suspicious"
    assert feed.answers(*NINE).doubt is None


def test_after_an_edited_address_a_day_of_agreement_is_believed() -> None:
    """Or until 24 h agree."""
    feed = _feed()
    feed.state = replace(feed.state, address_changed=True)
    feed.answers(*NINE[1:])
    assert changes(feed.answers(*NINE[1:], after=DAY)) == ["missing"]
    assert changes(feed.answers(*NINE[1:], after=HOUR)) == ["withdrawn"]


def test_an_edited_address_that_shows_everything_is_no_matter() -> None:
    """The new address says the same."""
    feed = _feed()
    feed.state = replace(feed.state, address_changed=True)
    assert feed.answers(*NINE).outcome == "unchanged"
