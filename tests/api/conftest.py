"""A house behind its API: a real store, real keys, no network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.asking import ApiHouse

#: Whose tests run on PostgreSQL every time; those of the others do in the proof tier.
EVERY_TIME = {"test_bad_input", "test_bookings", "test_once"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever asks for a database is run on SQLite, and on PostgreSQL where it is its turn."""
    module = metafunc.module.__name__.rsplit(".", 1)[-1]
    both = os.environ.get("VACANCY_PROOF") or module in EVERY_TIME
    names = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
    for fixture, scope in (("database", "function"), ("shared_database", "module")):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, names if both else names[:1], indirect=True, scope=scope)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database with nothing in it; None: a file in the house's own folder."""
    yield from _database(request)


@pytest.fixture(scope="module")
def shared_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The same, for all tests of a module."""
    yield from _database(request)


def _database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("copies").one() as address:
        yield address


@pytest.fixture
def api(tmp_path: Path, database: str | None) -> Iterator[ApiHouse]:
    """A new house with an owner's key in hand, on 10 January 2027."""
    house = ApiHouse(tmp_path, database=database)
    yield house
    house.close()
