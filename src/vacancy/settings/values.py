"""The kinds of value a config holds, each read from text and refused with a sentence."""

from __future__ import annotations

import difflib
import re
from datetime import time, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

import pytz
from pydantic import BeforeValidator, PlainSerializer, SecretStr

CHANNELS = (
    *("airbnb", "booking_com", "vrbo", "expedia", "agoda", "tripadvisor", "google", "outlook"),
    *("apple", "hostaway", "smoobu", "lodgify", "hospitable", "guesty", "ownerrez", "beds24"),
    *("houfy", "plum_guide", "holidu", "hipcamp", "direct", "other"),
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+[smhd])+\Z")
_PART = re.compile(r"(\d+)([smhd])")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_FEED_KEY = re.compile(r"[a-z][a-z0-9_]*\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
_LONGEST = timedelta(days=366)


def did_you_mean(word: str, known: list[str]) -> str:
    """`; did you mean "units"?`, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return f'; did you mean "{near[0]}"?' if near else ""


def read_duration(value: object) -> timedelta:
    """`"15m"`, `"90s"`, `"1h30m"`, `"2d"`, or 0. Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    if value in (0, "0") and not isinstance(value, bool):
        return timedelta(0)
    if not isinstance(value, str) or not _DURATION.match(value):
        raise ValueError(f'must be a duration such as "90s", "15m", "2h" or "1d", not {value!r}')
    parts = _PART.findall(value)
    seconds = sum(int(count) * _UNITS[unit] for count, unit in parts)
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"must be at most 366 days, not {value!r}")
    return timedelta(seconds=seconds)


def _positive(value: object) -> timedelta:
    span = read_duration(value)
    if span <= timedelta(0):
        raise ValueError("must be longer than 0")
    return span


def _slug(value: object) -> str:
    if not isinstance(value, str) or not _SLUG.match(value) or len(value) > 63:
        raise ValueError(
            f'must be small letters, digits and single hyphens, such as "sea-view", not {value!r}'
        )
    return value


def _feed_key(value: object) -> str:
    if not isinstance(value, str) or not _FEED_KEY.match(value) or len(value) > 63:
        raise ValueError('is no name for a feed: use small letters, digits and _, as "airbnb_2"')
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be text that is not empty, not {value!r}")
    return value.strip()


def _zone(value: object) -> str:
    if isinstance(value, str) and value in pytz.all_timezones_set:
        return value
    near = did_you_mean(str(value), list(pytz.all_timezones))
    raise ValueError(f'must be a time zone such as "Europe/Lisbon", not {value!r}{near}')


def _domain(value: object) -> str:
    if not isinstance(value, str) or not _DOMAIN.match(value) or len(value) > 253:
        raise ValueError(f'must be a domain such as "cal.example.com", not {value!r}')
    return value


def _time_of_day(value: object) -> str:
    if isinstance(value, time):
        raise ValueError(f'must stand in quotes, as "{value:%H:%M}"')
    if not isinstance(value, str) or not _TIME.match(value):
        raise ValueError(f'must be a time of day such as "16:00", not {value!r}')
    return value


def _quiet(value: object) -> str:
    first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not dash or not _TIME.match(first) or not _TIME.match(last) or first == last:
        raise ValueError(f'must be two times of day such as "23:00-07:00", not {value!r}')
    return f"{first}-{last}"


def split_host_port(value: str) -> tuple[str, int]:
    """`127.0.0.1:8460` or `[::1]:8460` as host and port. Raises ValueError."""
    parts = urlsplit(f"//{value}")
    host, port = parts.hostname, parts.port
    spaced = any(letter.isspace() for letter in value)
    if not host or port is None or parts.path or parts.username is not None or spaced:
        raise ValueError(value)
    return host, port


def _listen(value: object) -> str:
    try:
        split_host_port(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(
            f'must be an address and a port such as "127.0.0.1:8460", not {value!r}'
        ) from None
    return str(value)


def _allowed(value: object) -> str:
    try:
        host, _ = split_host_port(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f'must be host:port such as "127.0.0.1:9001", not {value!r}') from None
    if _is_link_local(host):
        raise ValueError("must not be link-local: such addresses are never called")
    return str(value)


def _is_link_local(host: str) -> bool:
    try:
        ip = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    inner = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (inner or ip).is_link_local


def _public_url(value: object) -> str:
    text = value if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        well = parts.scheme in ("http", "https") and bool(parts.hostname)
        well = well and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        well = False
    if "@" in text:
        raise ValueError("must hold no user name and no password: it begins every export address")
    if not well or any(letter.isspace() for letter in text):
        raise ValueError(f'must be a web address such as "https://cal.example.com", not {value!r}')
    return text.rstrip("/")


def read_feed_url(value: object) -> str:
    """A feed's address, `webcal://` read as https. Raises ValueError that never shows it."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    text = plain.strip() if isinstance(plain, str) else ""
    if text.lower().startswith("webcal://"):
        text = "https://" + text[len("webcal://") :]
    try:
        parts = urlsplit(text)
        well = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        well = False
    if not well or any(letter.isspace() for letter in text) or not text.isprintable():
        raise ValueError("must be a web address that begins with https://, http:// or webcal://")
    return text


def _base_url(value: object) -> str:
    """Where a system's API lies: https, or http for what `allow_private` lets pass."""
    text = value if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        well = parts.scheme in ("http", "https") and bool(parts.hostname)
        well = well and not (parts.query or parts.fragment or parts.username or parts.password)
        _ = parts.port
    except ValueError:
        well = False
    if not well or any(letter.isspace() for letter in text) or not text.isprintable():
        raise ValueError('must be a web address such as "https://api.example.com", without a key')
    return text.rstrip("/")


def _source_kind(value: object) -> str:
    if not isinstance(value, str) or not _FEED_KEY.match(value) or len(value) > 63:
        raise ValueError('must name a booking system in small letters, such as "nowistay"')
    return value


def _database(value: object) -> str:
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    file = text.removeprefix("sqlite:///")
    if file == text and not text.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite:/// (and a file) or with postgresql://")
    if file in ("", ":memory:"):
        raise ValueError('must name a file, as "sqlite:///var/vacancy.db"')
    return text


def _channel(value: object) -> str:
    if not isinstance(value, str) or value not in CHANNELS:
        near = did_you_mean(str(value), list(CHANNELS))
        raise ValueError(
            f"is no channel: {value!r}{near or '; it is one of ' + ', '.join(CHANNELS)}"
        )
    return value


def _count(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def _seconds(value: timedelta) -> float:
    return value.total_seconds()


_AS_SECONDS = PlainSerializer(_seconds, return_type=float)

Duration = Annotated[timedelta, BeforeValidator(_positive), _AS_SECONDS]
DurationOrNone = Annotated[timedelta, BeforeValidator(read_duration), _AS_SECONDS]
Count = Annotated[int, BeforeValidator(_count)]
Slug = Annotated[str, BeforeValidator(_slug)]
FeedKey = Annotated[str, BeforeValidator(_feed_key)]
Name = Annotated[str, BeforeValidator(_name)]
Domain = Annotated[str, BeforeValidator(_domain)]
Zone = Annotated[str, BeforeValidator(_zone)]
TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]
Quiet = Annotated[str, BeforeValidator(_quiet)]
Listen = Annotated[str, BeforeValidator(_listen)]
Allowed = Annotated[str, BeforeValidator(_allowed)]
PublicUrl = Annotated[str, BeforeValidator(_public_url)]
BaseUrl = Annotated[str, BeforeValidator(_base_url)]
SourceKind = Annotated[str, BeforeValidator(_source_kind)]
Channel = Annotated[str, BeforeValidator(_channel)]
FeedUrl = Annotated[SecretStr, BeforeValidator(read_feed_url)]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(_database)]
