"""Looking for what should not be found: in any text, in any file, in every column of a store."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import inspect

from vacancy.store.session import Store


class Searcher:
    """Knows what was planted, by name. A find is "name in place"."""

    def __init__(self, planted: dict[str, str]) -> None:
        self._forms = {name: _forms(text) for name, text in planted.items()}
        self.finds: list[str] = []
        self.searched = 0

    def names_in(self, data: bytes) -> set[str]:
        """What of it stands in these bytes: as it is in any case, in hex, in base64, compressed."""
        found: set[str] = set()
        for layer in (data, *_unpacked(data)):
            lower = layer.lower()
            for name, (folded, exact) in self._forms.items():
                if any(one in lower for one in folded) or any(one in layer for one in exact):
                    found.add(name)
        return found

    def search(self, place: str, data: bytes | str, allowed: Iterable[str] = ()) -> set[str]:
        """Note a find for whatever stands there and is not allowed to; all that stands there."""
        self.searched += 1
        found = self.names_in(data.encode() if isinstance(data, str) else data)
        self.finds += [f"{name} in {place}" for name in sorted(found - {*allowed})]
        return found

    def search_files(self, folder: Path, *, but: Iterable[str] = ()) -> None:
        """Every file under a folder, but those of these names."""
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name not in but:
                self.search(f"file {file.relative_to(folder)}", file.read_bytes())

    def search_store(self, store: Store) -> None:
        """Every value of every column, whatever the tables are; what is packed, unpacked."""
        with store.engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"')  # as it lies there
                for row in rows.mappings():
                    for column, value in row.items():
                        self.search(f"column {table}.{column}", _as_bytes(value))


def _forms(text: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """How a text may stand in bytes: those without a case to heed, and those with one."""
    plain = text.encode()
    spelt = json.dumps(text)[1:-1].encode()
    # Wherever in a longer text it begins, these letters of its base64 are the same.
    coded = []
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + plain)
        coded.append(whole[-(-before * 8 // 6) : len(whole) - 4])
    return (plain.lower(), spelt.lower(), plain.hex().encode()), tuple(coded)


def _unpacked(data: bytes) -> Iterator[bytes]:
    for unpack in (zlib.decompress, gzip.decompress):
        try:
            yield unpack(data)
        except (zlib.error, OSError, EOFError):
            continue


def _as_bytes(value: Any) -> bytes:
    match value:
        case bytes() | memoryview():
            return bytes(value)
        case dict() | list():
            return json.dumps(value, default=str).encode()
        case _:
            return str(value).encode()
