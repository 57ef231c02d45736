"""Who is signed in to the console, and the links that let somebody in once."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from vacancy.store.tables.columns import instant
from vacancy.store.types import UTCDateTime


class SignedIn(SQLModel, table=True):
    """One browser that is signed in. `token_hash` finds it; the token itself is kept nowhere.

    It ends at `expires_at`, or when it was not seen for long. `seen_at` may be a minute behind.
    Signing out deletes the row. `agent` is what the browser calls itself, for people to tell
    theirs apart.
    """

    __tablename__ = "signed_in"  # pyright: ignore[reportAssignmentType]
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    user_id: str = Field(foreign_key="user.id", index=True)
    token_hash: str = Field(unique=True)
    agent: str = ""
    created_at: datetime = instant()
    seen_at: datetime = instant()
    expires_at: datetime = instant()


class OneTimeLink(SQLModel, table=True):
    """A link that sets a password once: of `user_id`, or of the first user, who is still to be.

    Using it deletes the row.
    """

    __tablename__ = "one_time_link"  # pyright: ignore[reportAssignmentType]
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    user_id: str | None = Field(default=None, foreign_key="user.id")
    token_hash: str = Field(unique=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()


class SignInTry(SQLModel, table=True):
    """One try to sign in that has not succeeded. `subject` is the digest of a name, or of the
    address that it came from; what is too old to count is deleted.
    """

    __tablename__ = "sign_in_try"  # pyright: ignore[reportAssignmentType]
    id: int | None = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    tried_at: datetime = Field(sa_type=UTCDateTime, nullable=False, index=True)
