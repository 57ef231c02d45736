"""What the words of an entry say it is. Source: R9 with the repair of rules 2."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from vacancy.channels.catalog import COMMON_WORDS
from vacancy.channels.profile import Profile, Wordless
from vacancy.domain.claims import Entry, Kind, Reason

_TAG = re.compile(r"\s*\[[^\]]{1,40}\]\s*")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind, a block's reason, and the rule that decided, without the profile's key."""

    kind: Kind
    reason: Reason | None
    rule: str

    @property
    def by_channel(self) -> bool:
        """Whether the provider itself said which of its rules made the block."""
        return self.rule.startswith("tag_")


def verdict_of(entry: Entry, profile: Profile, today: date) -> Verdict | None:
    """What the entry is by its own words; None for a marker, which is no claim."""
    summary = folded(entry.summary)
    if len(entry.nights) == 1 and summary.startswith(profile.words.markers or ("\0",)):
        return None
    if entry.status == "TENTATIVE" or _begins(summary, COMMON_WORDS.tentative):
        return Verdict(Kind.BLOCK, Reason.TENTATIVE, "tentative")
    if "/reservation" in entry.description.lower():
        return Verdict(Kind.RESERVATION, None, "link")
    if profile.wordless and _begins(summary, (profile.wordless.word,)):
        return _by_convention(entry, profile.wordless, profile.reason, today)
    return _by_words(entry, summary, profile)


def code_of(entry: Entry, profile: Profile) -> str | None:
    """The reservation's own code, where the provider gives one."""
    for text in (entry.description, entry.summary):
        for pattern in profile.codes.codes:
            found = pattern.search(text)
            if found:
                return found[1][:60]
    return None


def _by_convention(entry: Entry, wordless: Wordless, reason: Reason, today: date) -> Verdict:
    long = len(entry.nights) > wordless.longest_stay
    far = (entry.nights.departure - today).days >= wordless.horizon_days
    if long or far:
        return Verdict(Kind.BLOCK, reason, "closed_long" if long else "closed_far")
    return Verdict(Kind.RESERVATION, None, "closed")


def _by_words(entry: Entry, summary: str, profile: Profile) -> Verdict:
    uids = profile.uids
    if _begins(summary, (*profile.words.reservation, *COMMON_WORDS.reservation)):
        return Verdict(Kind.RESERVATION, None, "reserved")
    tag = uids.tag.search(entry.uid) if uids.tag else None
    if tag:
        return Verdict(Kind.BLOCK, uids.tags.get(tag[1], Reason.OWNER), f"tag_{tag[1]}")
    if _holds((*profile.words.block, *COMMON_WORDS.block), summary):
        return Verdict(Kind.BLOCK, Reason.OWNER, "blocked")
    if uids.block and uids.block.search(entry.uid):
        return Verdict(Kind.BLOCK, Reason.OWNER, "block_uid")
    if profile.default is Kind.RESERVATION:
        return Verdict(Kind.RESERVATION, None, "other_words")
    return Verdict(Kind.BLOCK, profile.reason, "other_words")


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Lower case, without accents, outer tag (`[airbnb] `) and repeated blanks."""
    tag = _TAG.match(text)
    plain = text[tag.end() :] if tag else text
    if not plain.isascii():
        parts = unicodedata.normalize("NFKD", plain)
        plain = "".join(part for part in parts if not unicodedata.combining(part))
    return " ".join(plain.casefold().split())


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")


def _begins(summary: str, words: tuple[str, ...]) -> bool:
    return _pattern(words).match(summary) is not None


def _holds(words: tuple[str, ...], summary: str) -> bool:
    return _pattern(words).search(summary) is not None
