"""The store: an engine on SQLite or PostgreSQL, and one transaction at a time.

SQLite opens every writing transaction with BEGIN IMMEDIATE: the driver's own way loses updates
without an error when two writers have read first.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, event, inspect, text
from sqlalchemy.engine import Connection, make_url
from sqlmodel import Session, create_engine

from vacancy.domain.errors import ConfigError

#: The newest migration. A test holds it equal to the newest script.
HEAD = "0002"

_MIGRATION_LOCK = 7_203_114_250_001
_BUSY_MILLIS = 15_000
#: A server that is silent for so long while it owes an answer is taken for gone.
_SILENT_MILLIS = 10_000
#: In a session's `info`: the set of units of which exports were published in its transaction.
PUBLISHED = "published"
#: In a session's `info`: what was read of places in a transaction that leaves them as they stand.
_STANDING = "places"

_Read = TypeVar("_Read")


class Store:
    """Where the house keeps what it knows."""

    def __init__(self, engine: Engine, file: Path | None = None) -> None:
        self.engine = engine
        self._file = file
        self._opened = _identity(file)
        self._reading = engine.execution_options(read_only=True)
        # SQLite has one writer: threads queue here in order instead of polling the file's lock.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()
        self._hear: Callable[[Set[str]], object] | None = None
        self._kept: list[Connection] = []

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def conninfo(self) -> str:
        """The address in clear, as libpq takes it, for who speaks to PostgreSQL by himself."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def in_place(self) -> bool:
        """Whether the file that was opened still lies at its address: what is written to one that
        was moved away, or replaced by a backup, is lost. True without a file.
        """
        return _identity(self._file) == self._opened

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may write: committed as the block ends, rolled back on any error."""
        with (
            self._turn,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
        if self._hear is not None and PUBLISHED in session.info:
            self._hear(session.info[PUBLISHED])

    def on_published(self, hear: Callable[[Set[str]], object] | None) -> None:
        """`hear` is called, by any thread, after each commit of this process that published, with
        the units whose exports are new.
        """
        self._hear = hear

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads, from one consistent state."""
        with Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    def keep(self) -> Connection:
        """A connection for somebody who goes on using it: until `let_go`, or to the end."""
        connection = self.engine.connect()
        self._kept.append(connection)
        return connection

    def let_go(self, connection: Connection) -> None:
        """Close a connection that was kept. What it was set to do is for nobody else."""
        if connection in self._kept:
            self._kept.remove(connection)
            connection.invalidate()
            connection.close()

    def close(self) -> None:
        for connection in list(self._kept):
            self.let_go(connection)
        self.engine.dispose()


def places_stand(session: Session) -> None:
    """This transaction declares nothing: places and feeds, as declared, are read once."""
    session.info.setdefault(_STANDING, {})


def once(session: Session, key: tuple[str, ...], read: Callable[[], _Read]) -> _Read:
    """What was read under this key in a transaction in which `places_stand`; else read now."""
    known: dict[tuple[str, ...], Any] | None = session.info.get(_STANDING)
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    return known[key]


def read_again(session: Session, name: str) -> None:
    """What was read under keys that begin so is another by now."""
    known: dict[tuple[str, ...], Any] = session.info.get(_STANDING, {})
    for key in [key for key in known if key[0] == name]:
        del known[key]


def _identity(file: Path | None) -> tuple[int, int] | None:
    if file is None:
        return None
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino)


def open_store(url: str) -> Store:
    """A store by its address: `sqlite:///path` or `postgresql://...`. Makes at most the file."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        file = _sqlite_file(address.database)
        return Store(_sqlite(url), file)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return Store(_postgres(address))


def _postgres(address: URL) -> Engine:
    patience = {"connect_timeout": 5, "keepalives_idle": 10, "tcp_user_timeout": _SILENT_MILLIS}
    try:
        engine = create_engine(
            address, pool_pre_ping=True, pool_size=10, max_overflow=30, connect_args=patience
        )
    except ModuleNotFoundError:
        raise ConfigError(
            "server.database: PostgreSQL needs more packages: install `vacancy[postgres]`"
        ) from None
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_postgres(connection: Any, _record: Any) -> None:
    # What an index points at costs little more than what lies beside it, on flash and in memory.
    # By the default, made for turning disks, a count of bookings reads every stay of every account.
    connection.autocommit = True
    connection.execute("SET random_page_cost = 1.1")
    connection.autocommit = False


def _sqlite_file(path: str | None) -> Path | None:
    """The database's file, made where there is none; None for a database in memory."""
    if not path or path == ":memory:":
        return None
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    return file


def _sqlite(url: str) -> Engine:
    # The connection used last still holds in its cache what it wrote: another would read it again.
    engine = create_engine(
        url, pool_size=10, max_overflow=30, pool_use_lifo=True, connect_args={"timeout": 15}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite` alone
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLIS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def version(store: Store) -> str | None:
    """The migration the store stands at; None for an empty one."""
    with store.engine.execution_options(read_only=True).connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_behind(found: str | None) -> bool:
    """Whether a store at this migration lacks what this release needs."""
    return found is None or found < HEAD


def migrate(store: Store) -> bool:
    """Bring the store to the newest shape, in one transaction; True if anything was done.

    Two processes that start together migrate once: the second waits, then finds it done. A store
    that a newer release has brought further is left alone: migrations only add.
    """
    if not is_behind(version(store)):
        return False
    # Only a store that is behind needs the migrator, which is slow to load.
    from alembic import command
    from alembic.config import Config

    with store.engine.begin() as connection:
        if not store.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config = Config()
        config.set_main_option("script_location", "vacancy:store/migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True
