"""`vacancy rehearse`: the configured house in a pretend world, with nothing touched but memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from vacancy.domain.errors import Malformed
from vacancy.domain.release import ReleaseRules
from vacancy.settings import Settings
from vacancy.simulator.pages import Customs, Page
from vacancy.simulator.rehearsal import Rehearsal
from vacancy.simulator.report import Report, report_on

#: High season all the time: in a quieter house hardly a night is ever sold twice.
BUSY = Customs(asks=24, ahead=60)


def rehearse(settings: Settings, now: datetime, days: int, seed: int) -> Report:
    """Lets the configured units live on pretend channels for so many days.

    Each feed is played by the habits of its channel, asked as often as the config says. No address
    is asked, and nothing is kept. Raises Malformed where the config has no feed.
    """
    pages = pages_of(settings)
    if not pages:
        raise Malformed("there is no feed to rehearse: add one under [units.feeds] in the config")
    release = settings.release
    patience = ReleaseRules(
        absences=release.absences,
        span=release.absence_span,
        suspicion_span=release.suspicion_span,
    )
    rehearsal = Rehearsal(pages, now, seed, customs=BUSY, patience=patience)
    rehearsal.live(now + timedelta(days=days))
    return report_on(rehearsal, days, seed)


def pages_of(settings: Settings) -> list[Page]:
    """Each feed of the config as a page to play."""
    return [
        Page(
            unit=unit.slug,
            zone=unit.timezone,
            key=key,
            channel=unit.channel_of(key),
            every=settings.every(feed),
        )
        for unit in settings.units
        for key, feed in unit.feeds.items()
    ]
