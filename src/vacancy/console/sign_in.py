"""Coming in and leaving: signing in, and the link that lets somebody in once."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from vacancy.access import login
from vacancy.console.desk import Caller, Desk, Given, Goes, Note, Page
from vacancy.console.guard import own_address
from vacancy.console.hashing import slowly
from vacancy.console.room import Room
from vacancy.domain.errors import Refused
from vacancy.services import sign_in as service
from vacancy.services.sign_in import Proof

room = Room()


@room.page("/sign-in", public=True)
def ask_who(desk: Desk) -> Given:
    """Who are you?"""
    if desk.signed is not None:
        return Goes(_inside(desk))
    return Page("sign_in.html", {"next": _inside(desk)})


async def _prove(caller: Caller) -> Proof:
    form = caller.form
    name, password = form.text("name")[:200], form.secret("password")
    candidate = await to_thread.run_sync(
        partial(_admit, caller, name), limiter=caller.front.writers
    )
    return await slowly(service.prove, candidate, password)


def _admit(caller: Caller, name: str) -> service.Candidate:
    with caller.front.store.write() as session:
        return service.admit(session, name, caller.asked.address, caller.at)


@room.action("/sign-in", public=True, before=_prove, form=ask_who)
def enter(desk: Desk) -> Given:
    """Sign in: with a new token, whatever the browser had before."""
    proof: Proof = desk.before
    token = service.sign_in(desk.session, proof, desk.asked.agent, desk.at)
    if desk.signed is not None:
        service.sign_out(desk.session, desk.actor.user_id, desk.actor.key_id)
    return Goes(_inside(desk), token=token)


@room.action("/sign-out")
def leave(desk: Desk) -> Given:
    """Sign out, in this browser."""
    service.sign_out(desk.session, desk.actor.user_id, desk.actor.key_id)
    return Goes("/sign-in", token="")


@room.action("/sign-out/everywhere")
def leave_everywhere(desk: Desk) -> Given:
    """Sign out, in every browser."""
    service.sign_out(desk.session, desk.actor.user_id)
    return Goes("/sign-in", token="")


@room.page("/set-up/{token}", public=True)
def ask_password(desk: Desk, token: str) -> Given:
    """Choose a password: looking at the link does not use it up."""
    try:
        whom = service.whom(desk.session, token, desk.at)
    except Refused:
        return Page("link_over.html", status=404)
    return Page("set_up.html", {"whom": whom, "token": token, "shortest": login.SHORTEST})


async def _hash(caller: Caller, token: str) -> tuple[str, str]:
    whom = await to_thread.run_sync(partial(_whom, caller, token), limiter=caller.front.readers)
    name = whom if whom is not None else service.read_name(caller.form.text("name"))
    password = caller.form.secret("password")
    login.refuse_weak(password, name)
    return name, await slowly(login.hash_password, password)


def _whom(caller: Caller, token: str) -> str | None:
    """The name of whom the link is for; None for the first user. Raises Refused (`link_over`)."""
    with caller.front.store.read() as session:
        return service.whom(session, token, caller.at)["name"]


@room.action("/set-up/{token}", public=True, before=_hash, form=ask_password)
def set_up(desk: Desk, token: str) -> Given:
    """Set the password, use the link up, and come in."""
    name, hashed = desk.before
    secret = (hashed, desk.asked.agent)
    new = service.use_link(desk.session, token, name, secret, desk.at)
    note = Note(desk.say._("Welcome. The link has been used and no longer works."))
    return Goes("/first-steps", note, token=new)


def _inside(desk: Desk) -> str:
    """Where to go after signing in: a page of ours, or the first one."""
    wanted = desk.form.text("next") or desk.query.text("next")
    return "/" if wanted.startswith("/sign-in") else own_address(wanted, "/")
