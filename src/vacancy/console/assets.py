"""Stylesheet, script and icon: each under a name that changes with its content, for a year."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
PREFIX = "/static/"


@dataclass(frozen=True, slots=True)
class _Asset:
    name: str
    media_type: str
    body: bytes
    zipped: bytes


def address(name: str) -> str:
    """Where the file `style.css` is served: `/static/style.1f2e3d4c5b6a.css`."""
    return PREFIX + _named()[name]


async def serve(request: Request) -> Response:
    """One file; nothing where its content is another by now."""
    asset = _assets().get(request.path_params["name"])
    if asset is None:
        return Response("There is no such file.\n", 404, media_type="text/plain")
    headers = {**_KEPT, "Content-Type": asset.media_type}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.zipped, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.body, headers=headers)


@cache
def _named() -> dict[str, str]:
    return {_plain(name): name for name in _assets()}


def _plain(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem.rpartition('.')[0]}.{kind}"


@cache
def _assets() -> dict[str, _Asset]:
    found: dict[str, _Asset] = {}
    for file in (files("vacancy.console") / "static").iterdir():
        stem, _, kind = file.name.rpartition(".")
        if kind not in _TYPES:
            continue
        body = file.read_bytes()
        name = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{kind}"
        found[name] = _Asset(name, _TYPES[kind], body, gzip.compress(body, 9, mtime=0))
    return found
