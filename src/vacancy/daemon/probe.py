"""Whether the store and the disk can be worked with."""

from __future__ import annotations

import shutil

from vacancy.daemon.compose import House
from vacancy.store.served import StoreFailure
from vacancy.store.session import is_behind, version

#: Less free space than this, in bytes, and the store may fail any moment.
ROOM_NEEDED = 16 * 1024 * 1024
#: Why we are not ready when there is less: exports are served on, and room may come back.
DISK_FULL = "disk_full"


def trouble(house: House) -> str | None:
    """Why the house is not ready, as a reason code; None when it is.

    A store that a newer release has migrated is no trouble: migrations only add.
    """
    try:
        if not house.store.in_place:
            return "database_moved"
        if is_behind(version(house.store)):
            return "database_version"
    except StoreFailure:
        return "database"
    try:
        free = shutil.disk_usage(house.settings.server.data_dir).free
    except OSError:
        return "data_dir"
    return DISK_FULL if free < ROOM_NEEDED else None
