"""The first steps of a newcomer: what is done, and what is next. They can be left and resumed."""

from __future__ import annotations

from dataclasses import dataclass

from vacancy.console.desk import Desk, Given, Goes, Page
from vacancy.console.language import mark
from vacancy.console.menu import Item
from vacancy.console.room import Room
from vacancy.domain.scopes import Role, Scope
from vacancy.services import connecting, places

room = Room(Item(mark("First steps"), "/first-steps", 95, more=True, scope=Scope.FEEDS_WRITE))

#: So many units are named; a house with more of them is past its first steps.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four: `done`, `at` for the one that is next, or neither."""

    title: str
    text: str
    state: str = ""


@room.page("/")
def begin(desk: Desk) -> Given:
    """Where a host begins."""
    return Goes("/first-steps" if desk.may(Scope.FEEDS_WRITE) else "/you")


@room.page("/first-steps", Scope.FEEDS_WRITE)
def show(desk: Desk) -> Given:
    """The four steps, and which of them is next."""
    made = [_account(desk), _unit(desk), _feed(desk), _export(desk)]
    following = next((at for at, step in enumerate(made) if not step.state), -1)
    steps = [
        Step(step.title, step.text, "at") if at == following else step
        for at, step in enumerate(made)
    ]
    return Page("first_steps.html", {"steps": steps})


def _account(desk: Desk) -> Step:
    _ = desk.say._
    text = (
        _("%(name)s, owner.", name=desk.me.name)
        if desk.role is Role.OWNER
        else _("%(name)s, manager.", name=desk.me.name)
    )
    return Step(_("Your account"), text, "done")


def _unit(desk: Desk) -> Step:
    say = desk.say
    units, count = places.find_units(desk.session, desk.account_id, None, (0, _NAMED))
    title = say._("A unit")
    if not units:
        return Step(title, say._("A unit is what one party can book at a time."))
    named = ", ".join(one["name"] or one["slug"] for one in units)
    if count <= _NAMED:
        return Step(title, named, "done")
    rest = count - _NAMED
    text = say.ngettext(
        "%(named)s and %(num)s more.", "%(named)s and %(num)s more.", rest, named=named
    )
    return Step(title, text, "done")


def _feed(desk: Desk) -> Step:
    say = desk.say
    feeds, count = connecting.find_feeds(desk.session, desk.account_id, None, (0, 1000))
    title = say._("Where its bookings come from")
    if not feeds:
        return Step(title, say._("Each channel has the address of a calendar, which ends in .ics."))
    read = sum(one["last_good_at"] is not None for one in feeds)
    text = say.ngettext(
        "%(read)s of %(num)s feed was read.",
        "%(read)s of %(num)s feeds were read.",
        count,
        read=read,
    )
    return Step(title, text, "done" if read else "")


def _export(desk: Desk) -> Step:
    say = desk.say
    found = connecting.find_exports(
        desk.session, desk.account_id, None, (0, 1000), desk.front.addresses
    )
    read = sum(one["last_read_at"] is not None for one in found[0])
    title = say._("Tell the other channels")
    if not read:
        return Step(
            title,
            say._("You get one address to paste into each channel. We show when it has read it."),
        )
    text = say.ngettext(
        "%(read)s of %(num)s address was read.",
        "%(read)s of %(num)s addresses were read.",
        found[1],
        read=read,
    )
    return Step(title, text, "done")
