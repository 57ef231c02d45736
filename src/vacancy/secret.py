"""A text that must not be seen: a feed's address is the password to a calendar."""

from __future__ import annotations

from urllib.parse import urlsplit

#: Of anything shorter the last letters would tell too much.
_LONG_ENOUGH = 12


class Secret:
    """Wraps a text so that no log, error, format or repr can show it; `reveal` gives it.

    An address shows as its host and last 4 characters, `ical.booking.com/…abcd`; any other text as
    its last 4 characters, and a short one as nothing at all.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        host, rest = _split(self._text)
        last = rest[-4:] if len(rest) >= _LONG_ENOUGH else ""
        return f"{host}/…{last}" if host else f"…{last}"

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not written down; seal it with the vault")


def _split(text: str) -> tuple[str, str]:
    """Host and port of an address, and what follows them; ("", text) where it is no address."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "", ""
    if not host:
        return "", text
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host, f"{parts.path}?{parts.query}".rstrip("?")
