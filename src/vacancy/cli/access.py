"""Users and their API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json

if TYPE_CHECKING:
    from vacancy.cli.house import House
    from vacancy.store.session import Session

keys = typer.Typer(no_args_is_help=True, help="API keys: create, list, rotate, revoke.")
users = typer.Typer(no_args_is_help=True, help="Users: create, list, reset, revoke.")

UserName = Annotated[str, typer.Argument(metavar="USER", help="A user's name or id.")]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="A key's id, as `keys list` shows it.")]


@keys.command("create")
def create_key(
    user: UserName,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="Give several; default: all that the role may.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a key for a user. It is shown this once."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    wish = service.Wish(user, name, None if scope is None else [_scope(one) for one in scope])
    with open_house(config) as house, house.store.write() as session:
        told = service.create(session, house.account_id, wish, None, house.at())
    _show_once(told, as_json)


@keys.command("list")
def list_keys(config: Config = None, as_json: Json = False) -> None:
    """The keys that are not revoked."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    with open_house(config) as house, house.store.read() as session:
        rows, _ = service.find(session, house.account_id, 0, 10_000)
    if as_json:
        printing.document({"data": rows})
        return
    printing.table(
        ("id", "name", "ends in", "last used", "expires", "scopes"),
        (
            (one["id"], one["name"], one["tail"], one["last_used_at"] or "never",
             one["expires_at"] or "never", ", ".join(one["scopes"]))
            for one in rows
        ),
        "No key yet: run `vacancy users create --role owner NAME`.",
    )  # fmt: skip


@keys.command("rotate")
def rotate_key(key: KeyId, config: Config = None, as_json: Json = False) -> None:
    """Make a new key in the place of one, which goes on working for 24 hours."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    with open_house(config) as house, house.store.write() as session:
        told = service.rotate(session, house.account_id, key, None, house.at())
    _show_once(told, as_json)


@keys.command("revoke")
def revoke_key(key: KeyId, config: Config = None, as_json: Json = False) -> None:
    """End a key now."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    with open_house(config) as house, house.store.write() as session:
        service.revoke(session, house.account_id, key, house.at())
    if as_json:
        printing.document({"id": key, "revoked": True})
        return
    printing.line(f"{key} is revoked.")


@users.command("create")
def create_user(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: Annotated[str, typer.Option(help="owner, manager, staff or integration.")] = "owner",
    email: Annotated[str | None, typer.Option()] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a user, a key of theirs, and a link by which they come into the console: shown once."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service
    from vacancy.services.sign_in import read_name

    wish = (read_name(name), email, _role(role))
    with open_house(config) as house, house.store.write() as session:
        user = service.create_user(session, house.account_id, wish, house.at())
        first = service.Wish(user["id"], "first key")
        key = service.create(session, house.account_id, first, None, house.at())
        link = _link(session, house, user["id"])
    _show_once({**user, "key": key["key"], "link": link}, as_json)


@users.command("list")
def list_users(config: Config = None, as_json: Json = False) -> None:
    """The users and their roles."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    with open_house(config) as house, house.store.read() as session:
        told = service.users(session, house.account_id)
    if as_json:
        printing.document(told)
        return
    printing.table(
        ("id", "name", "role", "email"),
        ((one["id"], one["name"], one["role"], one["email"]) for one in told["data"]),
        "No user yet: run `vacancy users create --role owner NAME`.",
    )


@users.command("reset")
def reset_user(user: UserName, config: Config = None, as_json: Json = False) -> None:
    """End every key, password and sign-in of a user, and make a link for a new password."""
    from vacancy.cli.house import open_house
    from vacancy.services import sign_in as service

    with open_house(config) as house, house.store.write() as session:
        count = service.reset(session, house.account_id, user, house.at())
        link = _link(session, house, user)
    if as_json:
        printing.document({"user": user, "revoked": count, "link": link})
        return
    printing.line(
        f"{count} keys and sign-ins are over; `vacancy keys create {user}` makes a new key."
    )
    _show_link(link)


@users.command("revoke")
def revoke_user(user: UserName, config: Config = None, as_json: Json = False) -> None:
    """Let a user in no more: every key, password and sign-in of theirs ends now."""
    from vacancy.cli.house import open_house
    from vacancy.services import sign_in as service

    with open_house(config) as house, house.store.write() as session:
        count = service.revoke(session, house.account_id, user, house.at())
    if as_json:
        printing.document({"user": user, "revoked": count})
        return
    printing.line(f"{user} is revoked, with {count} keys and sign-ins.")


def _show_once(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        printing.document(told)
        return
    printing.line(told["key"])
    printing.notice("Keep this key now: it is not shown again, and opens all that its scopes say.")
    _show_link(told.get("link"))


def _link(session: Session, house: House, user: str) -> str | None:
    """The one-time link of a user; None for a program, which has no password."""
    from vacancy.services import sign_in

    token = sign_in.link_for(session, house.account_id, user, house.at())
    return None if token is None else sign_in.address(house.settings.server.base_url, token)


def _show_link(link: str | None) -> None:
    if link is not None:
        printing.notice(f"To choose a password for the console, open once, within a day: {link}")


def _role(text: str) -> Any:
    from vacancy.domain.errors import Malformed
    from vacancy.domain.scopes import Role

    if text not in {*Role}:
        raise Malformed(f"--role is one of {', '.join(Role)}, not {text!r}")
    return Role(text)


def _scope(text: str) -> Any:
    from vacancy.domain.errors import Malformed
    from vacancy.domain.scopes import Scope

    if text not in {*Scope}:
        raise Malformed(f"--scope is one of {', '.join(Scope)}, not {text!r}")
    return Scope(text)


def openapi(config: Config = None, as_json: Json = True) -> None:
    """Print the API's description, as OpenAPI 3.1: JSON, and the same for every config."""
    from vacancy.api.app import schema

    del config, as_json
    printing.document(schema())
