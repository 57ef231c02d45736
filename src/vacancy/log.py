"""One log for the house and its libraries, in which no address and no token can be read.

Every line, ours and the libraries', ends in the same processors; the last before the printing
strikes whatever looks like an address with a path, or like a token, tracebacks included.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

STRUCK = "…"

#: scheme://user@host/path?query: scheme and host stay.
_ADDRESS = re.compile(
    r"""(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}:)(?:(?:\\?/){2})(?:[^\s/\\?\#@"'<>]*@)?"""
    r"""(?P<host>\[[0-9a-f:.%]+\](?::\d+)?|[^\s/\\?\#"'<>@]*)(?P<rest>(?:[^\s"'<>]|'(?=[^\s"'<>,;:)\]}]))*)""",
    re.IGNORECASE,
)
#: GET /ical/abc.ics HTTP/1.1, or a path with a query: the path is the token.
_REQUEST = re.compile(r"\b(?P<verb>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s+/[^\s\"'<>]*")
_EXPORT = re.compile(r"(?P<room>/(?:v1/)?i?cal[a-z]*)/[^\s\"'<>,)\]}]+", re.IGNORECASE)
#: t=..., token: "...", password=...
_NAMED = re.compile(
    r"""(?P<name>(?:\b|(?<=[?&_]))(?:t|s|k|key|sig|token|secret|signature|password|passwd|auth"""
    r"""|api[_-]?key|access[_-]?token)["']?\s*(?:=|%3D|:\s*["'])\s*["']?)[^\s"'<>&,;)\]}]+""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?P<kind>bearer|basic)\s+[A-Za-z0-9+/_=.~-]{6,}", re.IGNORECASE)
#: A long run of letters and digits, both of them, that is not one of our ids.
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_+=-])(?![a-z]+_[0-9a-hjkmnp-tv-z]{26}(?![A-Za-z0-9_-]))"
    r"(?=[A-Za-z_+=-]*[0-9])(?=[0-9_+=-]*[A-Za-z])[A-Za-z0-9_+=-]{20,}"
)

#: A field of one of these names is struck whatever it holds.
_SECRET_FIELDS = frozenset(
    {"token", "secret", "password", "authorization", "cookie", "set-cookie", "signature", "api_key"}
)
#: A field of one of these names holds what a host calls a unit or a feed, however long it is.
_NAMING_FIELDS = frozenset({"unit", "feed"})
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")

#: These print the address of each request; what they tell, our own events tell without it.
_TELLTALES = ("httpx", "httpcore", "uvicorn.access", "aiohttp.access", "apprise", "urllib3")


def strike(text: str) -> str:
    """The text without what looks like an address's path, a token or a password."""
    text = _ADDRESS.sub(_host_only, text)
    text = _REQUEST.sub(rf"\g<verb> /{STRUCK}", text)
    text = _EXPORT.sub(rf"\g<room>/{STRUCK}", text)
    text = _NAMED.sub(rf"\g<name>{STRUCK}", text)
    text = _BEARER.sub(rf"\g<kind> {STRUCK}", text)
    return _TOKEN.sub(STRUCK, text)


def _host_only(found: re.Match[str]) -> str:
    rest = found["rest"]
    ending = rest if rest in ("", "/") else f"/{STRUCK}"
    return f"{found['scheme']}//{found['host']}{ending}"


def struck(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor: every text of the event, however deep, goes through `strike`."""
    return {key: _field(key, value) for key, value in event.items()}


def _field(key: str, value: object) -> object:
    if key.lower() in _SECRET_FIELDS:
        return STRUCK
    if key in _NAMING_FIELDS and isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    return _struck(value)


def _struck(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {strike(str(key)): _field(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_struck(inner) for inner in value]
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return strike(str(value))


def configure(
    kind: Literal["json", "console"] = "json", level: str = "info", stream: TextIO | None = None
) -> None:
    """Send every log line of the process to `stream` (stderr), as JSON or for people.

    `level` is debug, info, warning or error. Call it once at the front door, before others log.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    out = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(kind, shared, colors=out.isatty()))
    _send_all_to(handler, level.upper())


def _formatter(kind: str, shared: list[Processor], *, colors: bool) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if kind == "json"
        else structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        )
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_colour_twin,
            structlog.processors.format_exc_info,
            struck,
            renderer,
        ],
    )


def _without_colour_twin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn repeats its event with escape codes
    return event


def _send_all_to(handler: logging.Handler, level: str) -> None:
    # logging would print the arguments of a line it cannot format, addresses and all.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in _TELLTALES:
        logging.getLogger(name).setLevel(logging.WARNING)
