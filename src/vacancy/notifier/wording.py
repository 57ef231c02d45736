"""What a message says: what happened, and what to do. Never a guest's data, never an address."""

from __future__ import annotations

from collections.abc import Sequence

from vacancy.domain.alerts import Word
from vacancy.notifier.send import Message
from vacancy.notifier.standing import Incident

#: More messages than this at once are one.
MOST_AT_ONCE = 5

TEST = Message(
    "Vacancy: a test",
    "This is a test of `vacancy alerts test`. Nothing happened, and nothing is to be done.",
)

_CONFLICTS = {
    "double_booking": "Double booking",
    "blocked_night_sold": "A blocked night was sold",
    "turnover": "No time between two guests",
    "linked_unit": "A house and its room are both sold",
}
_HEALTHS = {
    "failing": "does not answer as it should. It is asked again by itself.",
    "stale": (
        "has given no good answer for long, so new bookings there are not seen. Look whether the"
        " channel works, and copy its calendar address again if this goes on."
    ),
    "gone": (
        "is no longer known to the channel. Copy the calendar's address there again, and put it"
        " into the config."
    ),
}
_DOUBTS = {
    "shrunk": "no longer shows {stays} of your coming stays",
    "emptied": "came back empty",
    "flooded": "suddenly closes every free night",
    "edited": "has a new address, which does not show {stays} of the stays known so far",
}
_LEADS = {Word.WORSE: "Worse: ", Word.REMINDER: "Still waiting for you: "}


def message(incident: Incident, word: Word) -> Message:
    """The message of one incident."""
    kind = incident.subject.partition(":")[0]
    title, body = (_OVER if word is Word.OVER else _OPEN)[kind](incident)
    return Message(f"{incident.unit.slug}: {_LEADS.get(word, '')}{title}", body)


def bundle(messages: Sequence[Message]) -> Message:
    """Many messages as one."""
    lines = [f"- {one.title}" for one in messages]
    return Message(
        f"Vacancy: {len(messages)} things to look at",
        "\n".join([*lines, "", "See `vacancy conflicts` and `vacancy status`."]),
    )


def _conflict(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    return (
        f"{_CONFLICTS[facts['kind']]}, {facts['nights']}",
        f"In {incident.unit.name} these both want {facts['nights']}:\n"
        f"1. {facts['first']} (wanted them first)\n2. {facts['second']}\n\n"
        f"What to do: {facts['advice']} `vacancy conflicts` shows both.",
    )


def _conflict_over(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    return (
        f"Over: {_CONFLICTS[facts['kind']].lower()}, {facts['nights']}",
        f"In {incident.unit.name} these nights are no longer wanted twice. Nothing is to be done.",
    )


def _feed(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    reason = f" ({facts['reason']})" if facts["reason"] else ""
    return (
        f"the {facts['feed']} calendar is {facts['health']}",
        f"The {facts['feed']} calendar of {incident.unit.name} {_HEALTHS[facts['health']]}\n"
        f"Last good answer: {facts['good']}{reason}. Its nights stay closed meanwhile.",
    )


def _feed_over(incident: Incident) -> tuple[str, str]:
    feed = incident.facts["feed"]
    return (
        f"the {feed} calendar works again",
        f"The {feed} calendar of {incident.unit.name} gives good answers again, or is not asked"
        " any more. Nothing is to be done.",
    )


def _doubt(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    name = f"{incident.unit.slug}/{facts['feed']}"
    shows = _DOUBTS.get(facts["doubt"], "looks wrong").format(stays=facts["stays"])
    patience = (
        "It waits for your word."
        if facts["waits"]
        else "If it goes on saying so for a day it is believed."
    )
    return (
        f"the {facts['feed']} calendar is not believed",
        f"The {facts['feed']} calendar of {incident.unit.name} {shows}. Nothing was freed."
        f" {patience}\n\nWhat to do: look at the channel. If the stays are really gone, run"
        f" `vacancy feeds accept {name}`; if not, `vacancy feeds reject {name}`.",
    )


def _doubt_over(incident: Incident) -> tuple[str, str]:
    feed = incident.facts["feed"]
    return (
        f"the {feed} calendar is believed again",
        f"What was doubted about the {feed} calendar of {incident.unit.name} is decided."
        " Nothing is to be done.",
    )


def _export(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    stays = "1 stay is" if facts["stays"] == "1" else f"{facts['stays']} stays are"
    return (
        f"nobody reads the {facts['export']} export any more",
        f"The export of {incident.unit.name} for {facts['export']} was last read on"
        f" {facts['since']}; {stays} not known there and can be sold again.\n\nWhat to do: see that"
        f" Vacancy can be reached from outside, then that its address (`vacancy exports`) still"
        f" stands at {facts['export']} as an imported calendar, and refresh it there.",
    )


def _export_over(incident: Incident) -> tuple[str, str]:
    export = incident.facts["export"]
    return (
        f"the {export} export is read again",
        f"The export of {incident.unit.name} for {export} is read again. Nothing is to be done.",
    )


def _push(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    what = "still holds" if facts["gone"] else "does not hold"
    todo = (
        "take it out there by hand"
        if facts["gone"]
        else "look who has these nights there, and close them there by hand or cancel yours"
    )
    return (
        f"{facts['source']} {what} your own stay",
        f"{facts['source']} {what} your own {facts['stay']}, in {incident.unit.name}."
        f" {facts['why']}\n\nWhat to do: {todo}. Vacancy tries again when the stay changes.",
    )


def _push_over(incident: Incident) -> tuple[str, str]:
    facts = incident.facts
    return (
        f"{facts['source']} holds your own stay as it is",
        f"{facts['source']} took your own {facts['stay']}, in {incident.unit.name}, as it is here."
        " Nothing is to be done.",
    )


_OPEN = {
    "conflict": _conflict,
    "feed": _feed,
    "doubt": _doubt,
    "export": _export,
    "push": _push,
}
_OVER = {
    "conflict": _conflict_over,
    "feed": _feed_over,
    "doubt": _doubt_over,
    "export": _export_over,
    "push": _push_over,
}
