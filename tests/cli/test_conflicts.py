"""Deciding about a conflict at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Host


@pytest.fixture
def clash(host: Host) -> str:
    """Two guests follow each other, and then the host wants a night between: the conflict's id."""
    host.run("book", "sea-view", "2027-02-03", "2027-02-05")
    host.run("book", "sea-view", "2027-02-05", "2027-02-06")
    text = (host.folder / "vacancy.toml").read_text()
    host.config(text.replace("timezone", "buffer_after = 1\ntimezone"))
    assert host.run("config", "apply").code == 0
    (conflict,) = host.run("conflicts", "--json").document["data"]
    assert (conflict["kind"], conflict["nights"]) == ("turnover", ["2027-02-05"])
    return conflict["id"]


def test_a_conflict_is_listed_with_its_urgency_and_what_to_do(host: Host, clash: str) -> None:
    """A line a conflict, and a sentence."""
    told = host.run("conflicts").out
    assert "medium" in told
    assert f"{clash}: Make sure that the unit can be made ready in time" in told
    shown = host.run("conflicts", "show", clash).out
    assert "direct reservation 2027-02-03 to 2027-02-05, confirmed, wanted since" in shown


def test_it_is_acknowledged_snoozed_and_resolved(host: Host, clash: str) -> None:
    """Each says what has become of it; the stay let go is ours, and canceled at once."""
    seen = host.run("conflicts", "acknowledge", clash, "--json").document
    assert seen["status"] == "acknowledged"
    aside = host.run("conflicts", "snooze", clash, "2d", "--json").document
    assert (aside["status"], aside["snoozed_until"][:10]) == ("snoozed", "2027-01-12")
    instant = host.run("conflicts", "snooze", clash, "2027-01-11T09:00:00Z", "--json").document
    assert instant["snoozed_until"] == "2027-01-11T09:00:00Z"
    over = host.run("conflicts", "resolve", clash, "keep_first", "--json").document
    assert (over["status"], over["resolution"]) == ("resolved", "keep_first")
    canceled = host.run("bookings", "--status", "canceled", "--json").document["data"]
    assert [one["id"] for one in canceled] == [over["stays"][1]]
    assert host.run("conflicts", "--all").out.count("resolved") == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("snooze", "soon"), 2),
        (("snooze", "2027-01-01T00:00:00Z"), 2),
        (("resolve", "both_right"), 2),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    host: Host, clash: str, words: tuple[str, str], code: int
) -> None:
    """And an unknown conflict too."""
    ran = host.run("conflicts", words[0], clash, words[1])
    assert (ran.code, ran.out) == (code, "")
    assert host.run("conflicts", "acknowledge", "conflict_x").code == 2
