"""A user's own page: password, browsers, language and theme."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from vacancy.access import login
from vacancy.console.agents import known_as
from vacancy.console.desk import Caller, Desk, Given, Goes, Note, Page
from vacancy.console.guard import own_address
from vacancy.console.hashing import slowly
from vacancy.console.language import LANGUAGES, mark
from vacancy.console.menu import Item
from vacancy.console.room import Room
from vacancy.domain.errors import Malformed
from vacancy.services import sign_in as service
from vacancy.services.sign_in import Proof

room = Room(Item(mark("You"), "/you", 90, more=True))

THEMES = ("light", "dark")


@room.page("/you")
def show(desk: Desk) -> Given:
    """What is yours: password, browsers, language, theme."""
    seen = service.browsers(desk.session, desk.actor.user_id, desk.at)
    return Page(
        "you.html",
        {
            "browsers": [{**one, "name": known_as(one["agent"], desk.say)} for one in seen],
            "here": desk.actor.key_id,
            "shortest": login.SHORTEST,
        },
    )


async def _prove(caller: Caller) -> tuple[Proof, str]:
    old, new = caller.form.secret("old"), caller.form.secret("password")
    login.refuse_weak(new, caller.me.name)
    candidate = await to_thread.run_sync(partial(_admit, caller), limiter=caller.front.writers)
    return await slowly(service.prove, candidate, old), await slowly(login.hash_password, new)


def _admit(caller: Caller) -> service.Candidate:
    actor, address = caller.actor, caller.asked.address
    with caller.front.store.write() as session:
        return service.candidate_of(session, (actor.account_id, actor.user_id), address, caller.at)


@room.action("/you/password", before=_prove, form=show)
def change_password(desk: Desk) -> Given:
    """Another password; other browsers are signed out."""
    proof, hashed = desk.before
    service.change_password(desk.session, proof, hashed, desk.actor.key_id, desk.at)
    note = desk.say._("Your password is changed. Other browsers are signed out.")
    return Goes("/you", Note(note))


@room.action("/you/browsers/{browser_id}/end")
def end_browser(desk: Desk, browser_id: str) -> Given:
    """Sign out in another browser."""
    service.sign_out(desk.session, desk.actor.user_id, browser_id)
    return Goes("/you", Note(desk.say._("That browser is signed out.")))


@room.action("/you/preferences", form=show)
def prefer(desk: Desk) -> Given:
    """Language and theme; what a form does not name stays as it was."""
    form = desk.form
    said = {name: form.text(name) or None for name in ("language", "theme") if name in form}
    if said.get("language") not in (None, *LANGUAGES) or said.get("theme") not in (None, *THEMES):
        raise Malformed("choose one of the list")
    service.prefer(desk.session, desk.account_id, desk.actor.user_id, said)
    return Goes(own_address(form.text("back"), "/you"))
