"""What a list of 50 bookings costs beside a SQLModel-session route that does the same.

`python bench/listing.py FOLDER` serves both on one server: the first line printed tells how they
are asked.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import uvicorn
import year
from asked import House
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from machine import OTHER_CORE, OUR_CORE, median, pin
from readers import ask
from rows import Row, micros
from sqlmodel import Session, col, func, select

from vacancy.access.keys import hashed
from vacancy.api.shapes.bookings import Booking
from vacancy.api.shapes.values import Page
from vacancy.services import shapes
from vacancy.store.session import Store, migrate, open_store
from vacancy.store.tables import (
    ApiKey,
    BookingParameter,
    BookingValue,
    Claim,
    Guest,
    Stay,
    Unit,
    User,
)

_SIZE = year.Size(stays=4_000, events=4_000)
_FILE = "year.db"


@dataclass(slots=True)
class Measured:
    """CPU seconds of the server for one list, in each round."""

    ours: list[float] = field(default_factory=list[float])
    plain: list[float] = field(default_factory=list[float])


def measure(runs: int, requests: int) -> Measured:
    """Each of `runs` rounds has so many `requests` of both. Raises RuntimeError where they do not
    say the same.
    """
    measured = Measured()
    with TemporaryDirectory(prefix="vacancy-bench-") as name:
        pin(OTHER_CORE)
        with _served(Path(name)) as (said, process):
            _same(said)
            for at in range(runs + 1):
                for figures, path in (
                    (measured.ours, said["ours"]),
                    (measured.plain, said["plain"]),
                ):
                    cpu = asyncio.run(_round(process, said, path, requests))
                    figures.extend([cpu] if at else [])
        pin(OUR_CORE)
    return measured


def rows(measured: Measured) -> list[Row]:
    ours, plain = median(measured.ours), median(measured.plain)
    beside = f"SQLModel {micros(plain)}"
    return [Row("list of 50 bookings", micros(ours), plain / ours, beside, 3.0, 6.0, "more")]


@contextmanager
def _served(folder: Path) -> Iterator[tuple[dict[str, Any], psutil.Process]]:
    command = [sys.executable, str(Path(__file__)), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline()), psutil.Process(process.pid)
        finally:
            process.kill()


def _request(said: dict[str, Any], path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {said['key']}\r\n\r\n".encode()


async def _round(process: psutil.Process, said: dict[str, Any], path: str, requests: int) -> float:
    before = sum(process.cpu_times()[:2])
    await ask(said["port"], _request(said, path), 200, requests)
    return (sum(process.cpu_times()[:2]) - before) / requests


def _same(said: dict[str, Any]) -> None:
    answers = []
    for path in (said["ours"], said["plain"]):
        with socket.create_connection(("127.0.0.1", said["port"])) as asking:
            asking.sendall(
                _request(said, path).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            )
            with asking.makefile("rb") as answer:
                answers.append(json.loads(answer.read().partition(b"\r\n\r\n")[2]))
    if answers[0] != answers[1] or len(answers[0]["data"]) != 50:
        raise RuntimeError("the two lists are not the same")


def _opened(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session


Opened = Annotated[Session, Depends(_opened)]


def _who(session: Opened, authorization: Annotated[str, Header()]) -> ApiKey:
    wanted = hashed(authorization.removeprefix("Bearer "))
    query = select(ApiKey, User).join(User, col(User.id) == ApiKey.user_id)
    found = session.exec(query.where(ApiKey.token_hash == wanted)).first()
    if found is None or found[0].revoked_at is not None:
        raise HTTPException(401)
    return found[0]


def _list_bookings(
    session: Opened,
    key: Annotated[ApiKey, Depends(_who)],
    unit_id: str,
    limit: int = 50,
    page: int = 1,
) -> Any:
    """The way of FastAPI's and SQLModel's own tutorials, though without a query a row: a session
    that FastAPI opens, instances of rows, a response model. No limits, no ids of requests.
    """
    named = select(Unit).where(Unit.account_id == key.account_id, Unit.slug == unit_id)
    unit = session.exec(named).one()
    wanted = (Stay.account_id == key.account_id, Stay.unit_id == unit.id)
    total = session.exec(select(func.count()).select_from(Stay).where(*wanted)).one()
    some = select(Stay).where(*wanted).order_by(col(Stay.arrival), col(Stay.id))
    stays = session.exec(some.offset((page - 1) * limit).limit(limit)).all()
    pagination = {"page": page, "limit": limit, "total_items": total}
    pagination["total_pages"] = -(-total // limit)
    return {"data": _dressed(session, unit, stays), "pagination": pagination}


def _plain(store: Store) -> FastAPI:
    app = FastAPI()
    app.state.engine = store.engine.execution_options(read_only=True)
    app.get("/plain/bookings", response_model=Page[Booking])(_list_bookings)
    return app


def _dressed(session: Session, unit: Unit, stays: Any) -> list[dict[str, Any]]:
    ids = [stay.id for stay in stays]
    claims = select(Claim).where(col(Claim.stay_id).in_(ids), col(Claim.echo_of).is_(None))
    uids: dict[str, list[str]] = {}
    for claim in session.exec(claims.order_by(col(Claim.first_seen), col(Claim.id))):
        uids.setdefault(claim.stay_id or "", []).append(claim.uid)
    fields = select(BookingValue, BookingParameter).join(BookingParameter)
    values: dict[str, dict[str, Any]] = {}
    for value, parameter in session.exec(fields.where(col(BookingValue.stay_id).in_(ids))):
        values.setdefault(value.stay_id, {})[parameter.key] = value.value
    guests = session.exec(select(Guest).where(col(Guest.stay_id).in_(ids))).all()
    assert not guests  # whose seals both would open alike
    return [
        {
            **shapes.booking(stay, unit.slug, uids.get(stay.id, [])),
            "property_id": unit.property_id,
            "custom_parameters": values.get(stay.id, {}),
            "guest": None,
            "price": None,
        }
        for stay in stays
    ]


def _serve(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder / _FILE}")
    migrate(store)
    drawn = year.fill(store, _SIZE)
    house = House(folder, store, drawn.account_id)
    plain = _plain(store)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        await (plain if scope["path"].startswith("/plain") else house.app)(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    query = f"bookings?unit_id={drawn.slug}"
    said = {"port": listening.getsockname()[1], "key": house.keys[0]}
    print(json.dumps({**said, "ours": f"/v1/{query}", "plain": f"/plain/{query}"}), flush=True)
    config = uvicorn.Config(
        either, log_config=None, access_log=False, server_header=False, lifespan="off"
    )
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    pin(OUR_CORE)
    _serve(Path(sys.argv[1]))
