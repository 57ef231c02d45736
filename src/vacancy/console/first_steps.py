"""The first steps of a newcomer: what is done, and what is next. They can be left and resumed."""

from __future__ import annotations

from vacancy.console.desk import Desk, Given, Goes, Page
from vacancy.console.language import mark
from vacancy.console.menu import Item
from vacancy.console.room import Room

room = Room(Item(mark("First steps"), "/first-steps", 95, more=True))


@room.page("/")
def begin(desk: Desk) -> Given:
    """Where a host begins."""
    del desk
    return Goes("/first-steps")


@room.page("/first-steps")
def show(desk: Desk) -> Given:
    """The four steps, with the form of the one that is next."""
    return Page("first_steps.html", {"name": desk.me.name})
