"""The sections of `vacancy.toml`, as docs/config.md tells them. Frozen; unknown keys refused."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    SecretStr,
    model_validator,
)
from pydantic import (
    Field as Value,
)

from vacancy.settings.section import Section
from vacancy.settings.systems import Source
from vacancy.settings.values import (
    Allowed,
    Channel,
    Count,
    DatabaseUrl,
    Domain,
    Duration,
    DurationOrNone,
    FeedKey,
    FeedUrl,
    Listen,
    Name,
    PublicUrl,
    Quiet,
    Slug,
    TimeOfDay,
    Zone,
    split_host_port,
)

#: The export that holds everything: for a website, a cleaner, a shared calendar.
EVERYONE = "everyone"

AlertType = Literal[
    "conflict.opened",
    "feed.failing",
    "feed.recovered",
    "feed.stale",
    "feed.gone",
    "feed.suspicious",
    "export.unread",
    "export.read_again",
    "push.refused",
    "push.taken",
]


class Server(Section):
    """Where the daemon listens, what the world calls it, where it keeps things.

    `domain` ends the UIDs of exports; unset, one is drawn once per installation.
    `metrics` opens /metrics. `log`: JSON for machines or lines for people; unset, people get
    lines where the log goes to a terminal.
    """

    listen: Listen = "127.0.0.1:8460"
    public_url: PublicUrl | None = None
    database: DatabaseUrl = SecretStr("sqlite:///var/vacancy.db")
    data_dir: Path = Path("var")
    domain: Domain | None = None
    metrics: bool = True
    log: Literal["json", "console"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def host(self) -> str:
        return split_host_port(self.listen)[0]

    @property
    def port(self) -> int:
        return split_host_port(self.listen)[1]

    @property
    def base_url(self) -> str:
        """What links begin with: `public_url`, else the address listened on."""
        return self.public_url or f"http://{self.listen}"

    @property
    def database_url(self) -> str:
        """The address in clear: for opening the store only."""
        return self.database.get_secret_value()


class Polling(Section):
    """How often feeds are asked. `scale` multiplies every schedule (intervals, back-off, ticks):
    1 but in tests and rehearsals. `per_host` bounds the polls of one host at a time."""

    every: Duration = timedelta(minutes=15)
    scale: Annotated[float, Value(gt=0, le=1000)] = 1.0
    at_once: Annotated[Count, Value(ge=1, le=500)] = 64
    per_host: Annotated[Count, Value(ge=1, le=100)] = 2


class Release(Section):
    """When nights may be freed: rules 4 and 5. `suspicion_span` 0: only a person decides."""

    absences: Annotated[Count, Value(ge=1, le=100)] = 2
    absence_span: DurationOrNone = timedelta(minutes=60)
    suspicion_span: DurationOrNone = timedelta(hours=24)


class Network(Section):
    """Whom we may call, and as whom. `allow_private`: host:port that the guard lets pass."""

    allow_private: tuple[Allowed, ...] = ()
    contact: Name | None = None


class Limits(Section):
    """The bounds of one answer: rules 1. Nights are read `horizon_years` ahead."""

    total: Duration = timedelta(seconds=30)
    connect: Duration = timedelta(seconds=5)
    raw_bytes: Annotated[Count, Value(ge=1024)] = 8 * 1024 * 1024
    inflated_bytes: Annotated[Count, Value(ge=1024)] = 8 * 1024 * 1024
    redirects: Annotated[Count, Value(ge=0, le=10)] = 3
    horizon_years: Annotated[Count, Value(ge=1, le=10)] = 3


class Api(Section):
    """What the API bears: requests a minute of one key to one route, and a request's body.

    `refresh_within`: how long a hold waits for the feeds that it asked to be read first.
    """

    reads: Annotated[Count, Value(ge=1, le=1_000_000)] = 120
    writes: Annotated[Count, Value(ge=1, le=1_000_000)] = 30
    body_bytes: Annotated[Count, Value(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    body_within: Duration = timedelta(seconds=15)
    refresh_within: Duration = timedelta(seconds=10)


class Alerts(Section):
    """Alerts to people: Apprise addresses. Quiet hours never hold back an arrival within 48 h."""

    to: tuple[SecretStr, ...] = ()
    on: tuple[AlertType, ...] = (
        "conflict.opened",
        "feed.stale",
        "feed.gone",
        "feed.suspicious",
        "export.unread",
        "push.refused",
    )
    quiet: Quiet | None = None


class Feed(Section):
    """One feed of a unit: its address (a password) and how it is to be read.

    `channel` is needed where the feed's key is none. What is None follows the config's sections,
    the unit's zone or the channel's profile.
    """

    url: FeedUrl
    channel: Channel | None = None
    every: Duration | None = None
    end_is_last_night: bool = False
    transparent: Literal["busy", "free"] = "busy"
    timezone: Zone | None = None
    rule_blocks: Literal["keep", "export"] = "keep"
    absences: Annotated[Count, Value(ge=1, le=100)] | None = None
    absence_span: DurationOrNone | None = None
    suspicion_span: DurationOrNone | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"url": value}
        if not isinstance(value, dict):
            raise ValueError("must be the feed's address, or a table with url = ...")
        return value

    @property
    def address(self) -> str:
        """The address in clear: for sealing and fetching only."""
        return self.url.get_secret_value()

    @property
    def host(self) -> str:
        """What people may see of the address, with `tail`."""
        return urlsplit(self.address).hostname or ""

    @property
    def tail(self) -> str:
        return self.address[-4:]

    def reading(self) -> dict[str, Any]:
        """What decides how an answer is read and believed, as JSON values: kept in the store.

        Only what differs from the defaults, so that a later version's new key is no edit.
        """
        return self.model_dump(
            mode="json", exclude={"url", "channel", "every"}, exclude_defaults=True
        )


class ExportWish(NamedTuple):
    """One export of a unit as the config wants it; `feed_key` names its feed, where it has one."""

    key: str
    channel: str
    feed_key: str | None


class Unit(Section):
    """A unit, its feeds and its exports. `was` is the slug it had before.

    `parent` is the slug of the house that it is a room of. A house is sold whole (`sells`), or
    `capacity` of its rooms at once. Buffers are nights kept free around each reservation.
    """

    slug: Slug
    name: Name
    timezone: Zone
    property: Name | None = None
    check_in: TimeOfDay | None = None
    check_out: TimeOfDay | None = None
    max_guests: Annotated[Count, Value(ge=1, le=1000)] | None = None
    was: Slug | None = None
    parent: Slug | None = None
    sells: Literal["whole"] | None = None
    capacity: Annotated[Count, Value(ge=1, le=500)] | None = None
    buffer_before: Annotated[Count, Value(ge=0, le=30)] = 0
    buffer_after: Annotated[Count, Value(ge=0, le=30)] = 0
    feeds: dict[FeedKey, Feed] = Value(default_factory=dict)
    exports: tuple[Name, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        # Where the slug is missing, that is the one thing to tell.
        return {"name": value.get("slug", "-"), **value} if isinstance(value, dict) else value

    def property_name(self) -> str:
        """The property it belongs to: the one named, else one of the unit's own name."""
        return self.property or self.name

    def channel_of(self, key: str) -> str:
        """The channel of one of the unit's feeds."""
        return self.feeds[key].channel or key

    def export_wishes(self) -> tuple[ExportWish, ...]:
        """The exports wanted: those named, else one for each feed and `everyone`."""
        keys = (*self.feeds, EVERYONE) if self.exports is None else self.exports
        return tuple(
            ExportWish(key, self.channel_of(key), key)
            if key in self.feeds
            else ExportWish(key, key, None)
            for key in keys
        )


def _list_of_tables(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError("is a list of tables: write it with two brackets, as [[units]]")
    return value


class Settings(Section):
    """The whole config, with its paths made absolute."""

    server: Server = Server()
    polling: Polling = Polling()
    release: Release = Release()
    network: Network = Network()
    limits: Limits = Limits()
    api: Api = Api()
    alerts: Alerts = Alerts()
    units: Annotated[tuple[Unit, ...], BeforeValidator(_list_of_tables)] = ()
    sources: Annotated[tuple[Source, ...], BeforeValidator(_list_of_tables)] = ()

    def every(self, feed: Feed | Source) -> timedelta:
        """The interval of a feed or source: its own, else the config's."""
        return feed.every or self.polling.every


def digest(settings: Settings) -> str:
    """One value for all that the config declares, units to sources: equal means no news.

    One-way and taken of the whole, so no address can be read or guessed from it.
    """
    declared = [_declared(settings, unit) for unit in settings.units]
    declared += [
        {
            **source.model_dump(mode="json"),
            **source.credentials(),
            "every": settings.every(source).total_seconds(),
        }
        for source in settings.sources
    ]
    return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()


def _declared(settings: Settings, unit: Unit) -> dict[str, Any]:
    return {
        **unit.model_dump(mode="json", exclude={"feeds", "exports", "was", "sells"}),
        "exports": unit.export_wishes(),
        "feeds": {
            key: {
                **feed.reading(),
                "channel": unit.channel_of(key),
                "url": feed.address,
                "every": settings.every(feed).total_seconds(),
            }
            for key, feed in unit.feeds.items()
        },
    }
