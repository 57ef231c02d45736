"""What keeps the console its host's own: cookies, where a form comes from, headers of every answer.

A POST is believed only where the browser says that it comes from a page of ours (Sec-Fetch-Site, or
Origin of a browser that has not that), and where its form carries what is made of the token of who
is signed in. Each of the two is enough; both are asked for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from vacancy.access import login
from vacancy.console.desk import Note
from vacancy.settings import Settings

#: The field of every form that carries its token.
FORM_FIELD = "form_token"

_SESSION, _NOTE = "vacancy_session", "vacancy_note"
_LASTS = int(login.LONGEST.total_seconds())
_LONGEST_COOKIE = 3000

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
#: `same-origin`: without any referrer a browser would send `Origin: null` with our own forms.
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_https(settings: Settings) -> bool:
    """Whether the world comes by HTTPS: then cookies are for that alone."""
    return settings.server.base_url.startswith("https://")


def token_of(request: Request, settings: Settings) -> str:
    """The browser's token; empty where it has none."""
    return request.cookies.get(_name(_SESSION, settings), "")[:100]


def is_ours(request: Request, settings: Settings) -> bool:
    """Whether a page of ours sent this: without any word about that it is not believed."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    own = urlsplit(settings.server.base_url)
    if origin == f"{own.scheme}://{own.netloc}":
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == request.headers.get("host")


def own_address(wanted: str, otherwise: str) -> str:
    """A path of ours that a request names to go on to; anything else is `otherwise`."""
    ours = wanted.startswith("/") and wanted[1:2] not in ("/", "\\") and wanted.isprintable()
    return wanted if ours and wanted.isascii() else otherwise


def protect(response: Response) -> Response:
    """With the headers of every answer; a page is kept nowhere unless it says so itself."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def set_token(response: Response, token: str, settings: Settings) -> None:
    """Give the browser its token; an empty one takes it away."""
    _set(response, _name(_SESSION, settings), (token, _LASTS), settings)


def set_note(response: Response, note: Note | None, token: str, settings: Settings) -> None:
    """Have the next page show a note; None: it was shown. Bound to the browser's token, so that
    nobody else writes on our pages.
    """
    if note is None:
        _set(response, _name(_NOTE, settings), ("", 0), settings)
        return
    written = base64.urlsafe_b64encode(json.dumps([note.kind, note.text]).encode()).decode()
    value = f"{_seal(written, token)}.{written}"
    if len(value) <= _LONGEST_COOKIE:
        _set(response, _name(_NOTE, settings), (value, 60), settings)


def has_note(request: Request, settings: Settings) -> bool:
    return _name(_NOTE, settings) in request.cookies


def note_of(request: Request, token: str, settings: Settings) -> Note | None:
    """What the page before wanted to be shown."""
    seal, _, written = request.cookies.get(_name(_NOTE, settings), "").partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(written, token).encode()):
        return None
    try:
        kind, text = json.loads(base64.urlsafe_b64decode(written))
    except (ValueError, binascii.Error):
        return None
    return Note(text, kind)


def _seal(written: str, token: str) -> str:
    return hmac.new(token.encode(), b"note" + written.encode(), hashlib.sha256).hexdigest()


def _name(name: str, settings: Settings) -> str:
    # The prefix binds a cookie to this very host, and needs HTTPS. On plain HTTP, as on a loopback
    # address or in a home network, no browser would take it everywhere.
    return f"__Host-{name}" if is_https(settings) else name


def _set(response: Response, name: str, value: tuple[str, int], settings: Settings) -> None:
    text, lasts = value
    response.set_cookie(
        name,
        text,
        max_age=lasts if text else 0,
        path="/",
        httponly=True,
        secure=is_https(settings),
        samesite="lax",
    )
