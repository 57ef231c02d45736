"""Keeping the database well: backup, integrity, and what is wrong when it fails."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from vacancy.domain.errors import Refused
from vacancy.store.session import HEAD, Store, is_behind, version

#: What a statement raises when the database cannot do it.
DatabaseTrouble = SQLAlchemyError


#: What SQLite says -> what a host can do about it.
_CURES = (
    (
        "readonly database",
        "; the file, those beside it that end in -wal and -shm, and their folder must be writable"
        " for the user that runs Vacancy",
    ),
    ("unable to open", "; is server.database a file that this user may read and write?"),
    ("not a database", "; put its backup back, or name another file in server.database"),
    ("malformed", "; stop Vacancy, and put its backup back"),
    ("disk is full", "; make room on the disk"),
    ("disk I/O error", "; is the disk full, or its file system read-only?"),
    ("is locked", "; another process has held it for long: which one has the file open?"),
)


def describe(trouble: Exception) -> str:
    """One sentence on why the database failed, without the statement and its values."""
    said = str(getattr(trouble, "orig", None) or trouble).strip().splitlines()
    why = said[0] if said else type(trouble).__name__
    cure = next((cure for words, cure in _CURES if words in why), "")
    return f"the database cannot be used: {why}{cure}"


def try_writing(store: Store) -> None:
    """Write nothing, in the way of a statement that writes. Raises DatabaseTrouble."""
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '' WHERE 1 = 0"))


def collided(trouble: Exception) -> bool:
    """Whether two wrote the same at once, and the other was first."""
    return isinstance(trouble, IntegrityError)


def backup(store: Store, target: Path) -> None:
    """Write a whole, compact copy of an SQLite store, readable by its owner only.

    Raises Refused on PostgreSQL, which has its own tool, and where the file is there already.
    """
    if not store.is_sqlite:
        raise Refused("not_sqlite", "PostgreSQL is backed up by its own tool: run `pg_dump`")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # VACUUM INTO accepts an empty file, and so the copy never has wider rights than this.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise Refused("file_exists", f"{target} is there already; name another file") from None
    raw = store.engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(target),))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        raw.close()


def problems(store: Store) -> list[str]:
    """What is wrong with the database, one sentence each; nothing where it is sound."""
    found = version(store)
    if is_behind(found):
        return [f"the database stands at {found or 'nothing'}, not at {HEAD}: run db upgrade"]
    if not store.is_sqlite:
        return []
    with store.engine.connect() as connection:
        sound = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
    told = [f"integrity: {line}; put a backup back" for line in sound if line != "ok"]
    told += [f"a row of {row[0]} points at a row of {row[2]} that is gone" for row in orphans]
    return told
