"""Which provider made an entry. Source: R10 with the repair of rules 2."""

from __future__ import annotations

import re
from functools import lru_cache

from vacancy.channels.catalog import PROFILES, profile_of
from vacancy.channels.profile import Profile

_DOMAIN = re.compile(r"@([a-z0-9.-]+)", re.IGNORECASE)


def provider_of(uid: str, prodid: str, host: str | None, channel: str | None) -> Profile:
    """By the UID's domain, else the PRODID, else the host of the address, else the channel."""
    by_uid = _by_domain(uid)
    return by_uid or _by_calendar(prodid, host, channel)


def _by_domain(uid: str) -> Profile | None:
    domains = _DOMAIN.findall(uid)
    return _domain_profile(domains[-1].lower().strip(".")) if domains else None


@lru_cache(maxsize=1024)
def _domain_profile(domain: str) -> Profile | None:
    for profile in PROFILES:
        marks = profile.marks
        if any(_ends(domain, known) for known in (*marks.uid_domains, *marks.hosts)):
            return profile
    return None


@lru_cache(maxsize=1024)
def _by_calendar(prodid: str, host: str | None, channel: str | None) -> Profile:
    made_by = prodid.lower()
    for profile in PROFILES:
        if any(mark in made_by for mark in profile.marks.prodids):
            return profile
    if host:
        for profile in PROFILES:
            if any(_ends(host.lower(), known) for known in profile.marks.hosts):
                return profile
    return profile_of(channel or "other")


def _ends(host: str, known: str) -> bool:
    """Whole labels only; a known name ending in a dot stands for any country."""
    if known.endswith("."):
        return f".{known}" in f".{host}"
    return host == known or host.endswith(f".{known}")
