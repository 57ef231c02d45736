"""The properties of one VEVENT that a reading uses, from lines of any shape. Source: R1."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import blake2b

#: Possessive, so that no line costs more than its length.
_LINE = re.compile(r'([^:;]++)((?:;(?:[^":;]|"[^"]*+")*+)*+):(.*)', re.DOTALL)
_PARAM = re.compile(r';([^=;:"]++)=((?:"[^"]*+"|[^";:])*+)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "N": "\n", ",": ",", ";": ";", "\\": "\\"}
_LONGEST_UID = 255
_LONGEST_TEXT = 4_000

SINGLE = frozenset(
    {
        *("UID", "SUMMARY", "DESCRIPTION", "STATUS", "SEQUENCE", "TRANSP"),
        *("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"),
    }
)
REPEATED = frozenset({"RRULE", "RDATE", "EXDATE"})


@dataclass(frozen=True, slots=True)
class Property:
    value: str
    params: dict[str, str]


@dataclass(slots=True)
class Properties:
    """The first of each single property, all of the repeated ones, by upper-case name."""

    single: dict[str, Property] = field(default_factory=dict[str, Property])
    repeated: dict[str, list[Property]] = field(default_factory=dict[str, list[Property]])

    @property
    def uid(self) -> str:
        found = self.single.get("UID")
        return uid_of(found.value) if found else ""

    def text(self, name: str) -> str:
        found = self.single.get(name)
        return text_of(found.value) if found else ""


def properties(lines: str) -> Properties:
    """Reads what can be read; lines without a colon and unknown names are left out."""
    found = Properties()
    for line in lines.split("\n"):
        name, params, value = _parts(line)
        if name in SINGLE and name not in found.single:
            found.single[name] = Property(value, params)
        elif name in REPEATED:
            found.repeated.setdefault(name, []).append(Property(value, params))
    return found


def _parts(line: str) -> tuple[str, dict[str, str], str]:
    head, _, value = line.partition(":")
    if ";" not in head:
        return head.strip().upper(), {}, value
    name = head.partition(";")[0].strip().upper()
    if name not in SINGLE and name not in REPEATED:
        return name, {}, ""
    whole = _LINE.fullmatch(line)
    if whole is None:
        return name, {}, value
    params = {
        param[1].strip().upper(): param[2].strip().strip('"') for param in _PARAM.finditer(whole[2])
    }
    return name, params, whole[3]


def unescaped(value: str) -> str:
    """Text as meant: escapes undone, outer blanks taken off."""
    if "\\" in value:
        value = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), value)
    return value.strip()


def text_of(value: str) -> str:
    """Text for people, at most 4,000 letters of it."""
    return unescaped(value)[:_LONGEST_TEXT]


def uid_of(value: str) -> str:
    """A UID of at most 255 letters; a longer one keeps its start and is told apart by a digest."""
    uid = unescaped(value)
    if len(uid) <= _LONGEST_UID:
        return uid
    digest = blake2b(uid.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"{uid[:200]}~{digest}"


def plain_status(text: str) -> str:
    """Upper case, one spelling of CANCELLED (R7)."""
    status = text.strip().upper()[:40]
    return "CANCELLED" if status == "CANCELED" else status


def whole_number(text: str) -> int:
    """A SEQUENCE; 0 where it is no number."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
