"""Each way of getting due work done, on the database that it is made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from vacancy.runner.embedded import Embedded
from vacancy.runner.procrastinate import Procrastinate, Rhythm
from vacancy.runner.work import Runner, Work
from vacancy.store.session import Store, migrate, open_store

#: The rhythm of a tenth, so that a dead instance is missed within two seconds.
QUICK = Rhythm(beat=0.3, dead_after=1.5, look_after=0.3, ask=0.1, again=0.1, patience=2.0)

Make = Callable[[Sequence[Work]], Runner]


@pytest.fixture(params=["embedded", "procrastinate"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a process's runner, given its kinds of work."""
    if request.param == "embedded":
        return lambda _works: Embedded()
    store: Store = request.getfixturevalue("postgres_store")
    return lambda works: Procrastinate(store, works, QUICK)


@pytest.fixture
def postgres_store(postgres_url: str) -> Store:
    """A migrated, empty store on PostgreSQL alone."""
    opened = open_store(postgres_url)
    migrate(opened)
    yield opened  # type: ignore[misc]
    opened.close()
