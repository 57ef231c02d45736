"""Users and their API keys."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vacancy.cli import printing
from vacancy.cli.options import Config, Json

keys = typer.Typer(no_args_is_help=True, help="API keys: create, list, rotate, revoke.")
users = typer.Typer(no_args_is_help=True, help="Users: create, list, reset.")

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
    """Make a user and a key of theirs, which is shown this once."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    wish = (_name(name), email, _role(role))
    with open_house(config) as house, house.store.write() as session:
        user = service.create_user(session, house.account_id, wish, house.at())
        first = service.Wish(user["id"], "first key")
        key = service.create(session, house.account_id, first, None, house.at())
    _show_once({**user, "key": key["key"]}, as_json)


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
    """Revoke every key of a user; `keys create` makes a new one."""
    from vacancy.cli.house import open_house
    from vacancy.services import keys as service

    with open_house(config) as house, house.store.write() as session:
        count = service.reset(session, house.account_id, user, house.at())
    if as_json:
        printing.document({"user": user, "revoked": count})
        return
    printing.line(f"{count} keys are revoked; `vacancy keys create {user}` makes a new one.")


def _show_once(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        printing.document(told)
        return
    printing.line(told["key"])
    printing.notice("Keep this key now: it is not shown again, and opens all that its scopes say.")


def _name(text: str) -> str:
    from vacancy.domain.errors import Malformed

    if not text.strip() or len(text) > 200 or not text.isprintable():
        raise Malformed("a user's name is a line of 1 to 200 letters")
    return text.strip()


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
