"""The queue that instances share their work by, on PostgreSQL; nothing on SQLite.

Its tables are procrastinate's own, as of the release that is locked: a newer release needs a
migration of its own that runs what that release changed. Beside them, whoever serves exports is
told at each commit that changes what is served.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TOLD = """
CREATE FUNCTION vacancy_exports_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('vacancy_exports', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER vacancy_exports_changed
    AFTER INSERT OR DELETE OR UPDATE OF revision, revoked_at ON export
    FOR EACH STATEMENT EXECUTE FUNCTION vacancy_exports_changed();
CREATE TRIGGER vacancy_exports_changed
    AFTER UPDATE OF published_at ON unit
    FOR EACH STATEMENT EXECUTE FUNCTION vacancy_exports_changed();
CREATE TRIGGER vacancy_exports_changed
    AFTER INSERT ON feed
    FOR EACH STATEMENT EXECUTE FUNCTION vacancy_exports_changed();
CREATE TRIGGER vacancy_exports_opened
    AFTER UPDATE ON feed
    FOR EACH ROW WHEN (
        (OLD.last_good_at IS NULL) <> (NEW.last_good_at IS NULL)
        OR (OLD.retired_at IS NULL) <> (NEW.retired_at IS NULL)
    )
    EXECUTE FUNCTION vacancy_exports_changed();
"""


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    from procrastinate.schema import SchemaManager

    # Past SQLAlchemy: many statements at once, in which a per cent sign is no placeholder.
    cursor = bind.connection.cursor()
    cursor.execute(SchemaManager.get_schema())
    cursor.execute(_TOLD)
    cursor.close()
