"""Reading a feed as the poller would, without storing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from vacancy.channels.classify import classify, is_live
from vacancy.channels.recognise import provider_of
from vacancy.domain.claims import Claim, Skipped, Snapshot
from vacancy.domain.errors import Malformed
from vacancy.ical.read import NotACalendar, Reading, ReadSettings, read
from vacancy.ical.settings import horizon
from vacancy.net.client import Client
from vacancy.poller.fetch import Body, Failed, Question, fetch
from vacancy.secret import Secret

CANCELED = "canceled by the channel (STATUS)"
_SCHEMES = ("http://", "https://", "webcal://", "webcals://")


@dataclass(frozen=True, slots=True)
class Wish:
    """How to read: `today` is the property's date; `channel` any word, None: the entries tell."""

    today: date
    timezone: str = "UTC"
    channel: str | None = None
    end_is_last_night: bool = False
    transparent: str = "busy"


def is_address(source: str) -> bool:
    """Whether this is the address of a feed, rather than a file's path."""
    return source.lower().startswith(_SCHEMES)


def load_file(path: Path, most: int) -> bytes:
    """The bytes of a file. Raises Malformed where it cannot be read, or no feed may be so large."""
    try:
        with path.open("rb") as stream:
            body = stream.read(most + 1)
    except OSError as trouble:
        raise Malformed(f"{path} cannot be read: {trouble.strerror}") from None
    if len(body) > most:
        raise Malformed(f"{path} is larger than {most} bytes, which no feed may be")
    return body


async def download(address: str, client: Client) -> bytes | Failed:
    """Ask an address once, as the poller asks; the client is closed afterwards."""
    try:
        fetched = await fetch(client, Question(Secret(address)))
    finally:
        await client.aclose()
    match fetched:
        case Body(content=content):
            return content
        case Failed():
            return fetched
        case _:
            return Failed(
                "not_modified", "the channel answered 304 to a question without validators"
            )


def check(body: bytes, host: str, wish: Wish, horizon_years: int) -> dict[str, Any]:
    """What the poller would understand of these bytes; `host` is the address's, "" for a file.

    `claims` are the live ones: departure on or after `today`, and not canceled.
    """
    settings = ReadSettings(
        zone=ZoneInfo(wish.timezone),
        today=wish.today,
        horizon=horizon(wish.today, horizon_years),
        end_is_last_night=wish.end_is_last_night,
        transparent=wish.transparent,
    )
    try:
        reading = read(body, settings)
    except NotACalendar as refusal:
        return failed(Failed(refusal.reason, str(refusal)), wish.channel)
    snapshot = classify(
        reading.entries,
        reading.skipped,
        channel=wish.channel,
        host=host or None,
        today=wish.today,
        stamped=reading.stamped,
    )
    return _document(reading, snapshot, host, wish)


def failed(why: Failed, channel: str | None = None) -> dict[str, Any]:
    """The document of an answer that is no calendar."""
    return {
        "provider": channel,
        "complete": False,
        "outcome": "gone" if why.gone else "failed",
        "reason": why.reason,
        "message": why.text,
        "claims": [],
        "skipped": [],
        "warnings": [],
    }


def host_of(address: str) -> str:
    """The host of an address; "" where it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _document(reading: Reading, snapshot: Snapshot, host: str, wish: Wish) -> dict[str, Any]:
    live = [claim for claim in snapshot.claims if is_live(claim, wish.today)]
    canceled = [Skipped(claim.uid, CANCELED) for claim in snapshot.claims if claim.canceled]
    return {
        "provider": _provider(reading, snapshot.claims, host, wish.channel),
        "complete": True,
        "outcome": "fresh",
        "claims": [_claim(claim) for claim in live],
        "skipped": [{"uid": one.uid, "why": one.why} for one in (*snapshot.skipped, *canceled)],
        "warnings": list(dict.fromkeys((*reading.warnings, *snapshot.warnings))),
    }


def _provider(reading: Reading, claims: Sequence[Claim], host: str, channel: str | None) -> str:
    """The provider of most entries; of a calendar without any, what the file itself tells."""
    if claims:
        return Counter(claim.provider for claim in claims).most_common(1)[0][0]
    return provider_of("", "".join(reading.prodids[:1]), host or None, channel).key


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "uid": claim.uid,
        "kind": claim.kind.value,
        "reason": None if claim.reason is None else claim.reason.value,
        "arrival": claim.nights.arrival.isoformat(),
        "departure": claim.nights.departure.isoformat(),
        "reservation_code": claim.reservation_code,
        "rule": claim.rule,
    }
