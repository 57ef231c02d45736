"""What every table shares: one metadata with its naming, and the columns of instants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from vacancy.store.types import UTCDateTime

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def instant(*, nullable: bool = False) -> Any:
    """A column that holds an instant."""
    return Field(sa_type=UTCDateTime, nullable=nullable, default=None if nullable else ...)
