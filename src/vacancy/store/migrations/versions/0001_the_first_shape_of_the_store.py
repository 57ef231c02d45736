"""The first shape of the store"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import vacancy.store.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("config_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("domain", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "event",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("occurred_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("property_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("previous", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_event_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("account_id", "sequence", name=op.f("uq_event_account_id_sequence")),
    )
    op.create_table(
        "property",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("check_in", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("check_out", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("managed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_property_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_property_account_id_name")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("property_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("managed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("published_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("retired_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("again_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_unit_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["property_id"], ["property.id"], name=op.f("fk_unit_property_id_property")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("account_id", "slug", name=op.f("uq_unit_account_id_slug")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_again_at"), ["again_at"], unique=False)

    op.create_table(
        "feed",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("url_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("url_tail", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("settings_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("managed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("etag", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_modified", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("entries", sa.LargeBinary(), nullable=True),
        sa.Column("read_on", sa.Date(), nullable=True),
        sa.Column("rereads_daily", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("health", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("leased_until", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_poll_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("first_good_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_good_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_full_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_poll_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("habits", sa.JSON(), nullable=False),
        sa.Column("created_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("retired_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_feed_account_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_feed_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("unit_id", "key", name=op.f("uq_feed_unit_id_key")),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index("ix_feed_due", ["retired_at", "next_poll_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_feed_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "claim",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("arrival", sa.Date(), nullable=False),
        sa.Column("departure", sa.Date(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("identity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reservation_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("worded", sa.Boolean(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("first_seen", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("last_seen", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("missing_since", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("masked", sa.Boolean(), nullable=False),
        sa.Column("released_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("stay_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("echo_of", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_claim_account_id_account")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_claim_feed_id_feed")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_claim_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index("ix_claim_feed_id_status", ["feed_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_claim_stay_id"), ["stay_id"], unique=False)
        batch_op.create_index("ix_claim_unit_id_status", ["unit_id", "status"], unique=False)

    op.create_table(
        "doubt",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("answer_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("alarmed_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decided_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("settled_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_doubt_account_id_account")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_doubt_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubt")),
    )
    with op.batch_alter_table("doubt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_doubt_feed_id"), ["feed_id"], unique=False)

    op.create_table(
        "export",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("managed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("etag", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_modified", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("created_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_export_account_id_account")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_export_feed_id_feed")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_export_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_export_token_hash")),
        sa.UniqueConstraint("unit_id", "key", name=op.f("uq_export_unit_id_key")),
    )
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.create_index(
            "ix_export_served", ["revoked_at", "unit_id", "revision"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_export_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "poll",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("millis", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("last_repeat_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_poll_account_id_account")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_poll_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
    )
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.create_index("ix_poll_feed_id_started_at", ["feed_id", "started_at"], unique=False)

    op.create_table(
        "sighting",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("arrival", sa.Date(), nullable=False),
        sa.Column("departure", sa.Date(), nullable=False),
        sa.Column("first_shown", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("good_before", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_shown", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sighting_account_id_account")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_sighting_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_feed_id"), ["feed_id"], unique=False)

    op.create_table(
        "stay",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("feed_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("arrival", sa.Date(), nullable=False),
        sa.Column("departure", sa.Date(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("reservation_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("opened_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_stay_account_id_account")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_stay_feed_id_feed")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_stay_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay")),
    )
    with op.batch_alter_table("stay", schema=None) as batch_op:
        batch_op.create_index(
            "ix_stay_unit_id_status_departure", ["unit_id", "status", "departure"], unique=False
        )

    op.create_table(
        "conflict",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("first_stay_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("second_stay_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("nights", sa.JSON(), nullable=False),
        sa.Column("opened_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("resolution", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_conflict_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["first_stay_id"], ["stay.id"], name=op.f("fk_conflict_first_stay_id_stay")
        ),
        sa.ForeignKeyConstraint(
            ["second_stay_id"], ["stay.id"], name=op.f("fk_conflict_second_stay_id_stay")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_conflict_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index("ix_conflict_unit_id_status", ["unit_id", "status"], unique=False)

    op.create_table(
        "night",
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("stay_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_night_stay_id_stay")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_night_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "night", name=op.f("pk_night")),
    )
    with op.batch_alter_table("night", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_night_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "publication",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("export_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stay_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("arrival", sa.Date(), nullable=False),
        sa.Column("departure", sa.Date(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=False),
        sa.Column("published_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("to_version", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_publication_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["export_id"], ["export.id"], name=op.f("fk_publication_export_id_export")
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_publication_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(
            "ix_publication_export_id_to_version", ["export_id", "to_version"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_publication_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "reading",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("export_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reader", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("first_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("last_at", vacancy.store.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_reading_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["export_id"], ["export.id"], name=op.f("fk_reading_export_id_export")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
        sa.UniqueConstraint(
            "export_id", "version", "reader", name=op.f("uq_reading_export_id_version_reader")
        ),
    )


def downgrade() -> None:
    op.drop_table("reading")
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publication_stay_id"))
        batch_op.drop_index("ix_publication_export_id_to_version")

    op.drop_table("publication")
    with op.batch_alter_table("night", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_night_stay_id"))

    op.drop_table("night")
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_index("ix_conflict_unit_id_status")

    op.drop_table("conflict")
    with op.batch_alter_table("stay", schema=None) as batch_op:
        batch_op.drop_index("ix_stay_unit_id_status_departure")

    op.drop_table("stay")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sighting_feed_id"))

    op.drop_table("sighting")
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.drop_index("ix_poll_feed_id_started_at")

    op.drop_table("poll")
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_export_unit_id"))
        batch_op.drop_index("ix_export_served")

    op.drop_table("export")
    with op.batch_alter_table("doubt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_doubt_feed_id"))

    op.drop_table("doubt")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index("ix_claim_unit_id_status")
        batch_op.drop_index(batch_op.f("ix_claim_stay_id"))
        batch_op.drop_index("ix_claim_feed_id_status")

    op.drop_table("claim")
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_unit_id"))
        batch_op.drop_index("ix_feed_due")

    op.drop_table("feed")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_again_at"))

    op.drop_table("unit")
    op.drop_table("property")
    op.drop_table("event")
    op.drop_table("installation")
    op.drop_table("account")
