"""Databases on a PostgreSQL server that need no migration: copies of one that has had it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import psycopg

from vacancy.store.session import migrate, open_store


class Copies:
    """`server` is the address of its maintenance database."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._original = f"original_{uuid.uuid4().hex}"

    def __enter__(self) -> Self:
        self._do(f'CREATE DATABASE "{self._original}"')
        store = open_store(self._address(self._original))
        migrate(store)
        store.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(f'DROP DATABASE "{self._original}" WITH (FORCE)')

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a database that is there for the block."""
        name = f"test_{uuid.uuid4().hex}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{self._original}"')
        try:
            yield self._address(name)
        finally:
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _address(self, name: str) -> str:
        base, _, query = self._server.partition("?")
        return base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
