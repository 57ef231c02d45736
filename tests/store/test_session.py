"""The store keeps what it was told, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Set
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from vacancy.store import tables
from vacancy.store.session import HEAD, PUBLISHED, Store, migrate, open_store, version

NOW = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)


def an_account(name: str = "Casa") -> tables.Account:
    return tables.Account(id=f"acc_{name}", name=name, created_at=NOW)


def test_head_names_the_newest_migration() -> None:
    """The constant that makes start-up quick is the newest script's number."""
    scripts = files("vacancy.store") / "migrations" / "versions"
    numbers = [entry.name[:4] for entry in scripts.iterdir() if entry.name[0].isdigit()]
    assert max(numbers) == HEAD


def test_migrating_twice_changes_nothing(store: Store) -> None:
    """A migrated store is left alone."""
    assert version(store) == HEAD
    assert migrate(store) is False


def test_the_migrations_make_the_tables_as_declared(store: Store) -> None:
    """Nothing stands in the tables that no migration made."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, tables.metadata) == []


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table is declared by us: the queue's are its own."""
    return kind != "table" or not (name or "").startswith("procrastinate_")


def test_a_store_that_a_newer_release_has_migrated_is_left_alone(store: Store) -> None:
    """An older instance goes on during a rolling restart: migrations only add."""
    with store.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert migrate(store) is False
    assert version(store) == "9999"


def test_two_that_start_together_migrate_once(store_url: str) -> None:
    """Eight threads migrating one empty store: one does, none fails."""
    done: list[bool] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        opened = open_store(store_url)
        barrier.wait()
        done.append(migrate(opened))
        opened.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8


def test_a_commit_that_published_is_heard_of(store: Store) -> None:
    """After it is committed, and not where it failed or published nothing."""
    heard: list[str | None] = []

    def hear(unit_ids: Set[str]) -> None:
        with store.read() as session:
            found = session.get(tables.Account, "acc_Casa")
            heard.extend((found and found.name, *unit_ids))

    store.on_published(hear)
    with store.write() as session:
        session.add(an_account())
        session.info[PUBLISHED] = {"unit_a"}
    with pytest.raises(RuntimeError), store.write() as session:
        session.info[PUBLISHED] = {"unit_a"}
        raise RuntimeError("in the middle")
    with store.write() as session:
        session.add(an_account("Blu"))
    assert heard == ["Casa", "unit_a"]


def test_an_instant_comes_back_aware_and_utc(store: Store) -> None:
    """A time given in another zone is the same instant when read."""
    berlin = NOW.astimezone(timezone(timedelta(hours=2)))
    with store.write() as session:
        session.add(tables.Account(id="acc_1", name="Casa", created_at=berlin))
    with store.read() as session:
        found = session.get(tables.Account, "acc_1")
        assert found is not None
        assert found.created_at == NOW
        assert found.created_at.utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused(store: Store) -> None:
    """An instant without a zone never reaches the store."""
    with pytest.raises(StatementError), store.write() as session:
        session.add(tables.Account(id="acc_1", name="Casa", created_at=datetime(2027, 1, 1)))


def test_no_update_is_lost_between_writers(store: Store) -> None:
    """Six writers that read, add one and write: every one counts."""
    with store.write() as session:
        session.add(an_account())

    def work() -> None:
        for _ in range(10):
            with store.write() as session:
                if not store.is_sqlite:
                    session.connection().execute(text("LOCK TABLE account IN EXCLUSIVE MODE"))
                account = session.get(tables.Account, "acc_Casa")
                assert account is not None
                account.sequence += 1
                session.add(account)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        account = session.get(tables.Account, "acc_Casa")
        assert account is not None and account.sequence == 60


def test_the_database_refuses_a_second_holder_of_a_night(store: Store) -> None:
    """Two stays can never hold one night of one unit, whatever the program thinks."""
    day = NOW.date()
    with store.write() as session:
        session.add(an_account())
        session.flush()
        session.add(
            tables.Property(
                id="prop_1", account_id="acc_Casa", name="Azul", timezone="UTC", created_at=NOW
            )
        )
        session.flush()
        session.add(
            tables.Unit(
                id="unit_1", account_id="acc_Casa", property_id="prop_1", slug="sea",
                name="Sea", timezone="UTC", created_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        for name in ("a", "b"):
            session.add(
                tables.Stay(
                    id=f"stay_{name}", account_id="acc_Casa", unit_id="unit_1", channel="direct",
                    kind="block", status="confirmed", arrival=day,
                    departure=day + timedelta(days=1), opened_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
        session.flush()
        session.add(tables.Night(unit_id="unit_1", night=day, stay_id="stay_a"))
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(tables.Night(unit_id="unit_1", night=day, stay_id="stay_b"))


def test_nothing_of_a_failed_transaction_stays(store: Store) -> None:
    """An error inside the block leaves the store as it was."""
    with pytest.raises(RuntimeError), store.write() as session:
        session.add(an_account())
        session.flush()
        raise RuntimeError("in the middle")
    with store.read() as session:
        assert session.get(tables.Account, "acc_Casa") is None
