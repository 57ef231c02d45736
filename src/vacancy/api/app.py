"""The application that answers everything but exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi_offline import FastAPIOffline

from vacancy import __version__
from vacancy.api import (
    access,
    bookings,
    calendar,
    conflicts,
    connections,
    errors,
    holds,
    meanings,
    parameters,
    places,
    sources,
    stream,
    webhooks,
)
from vacancy.api.front import Front
from vacancy.api.health import Health, Metrics

ROOMS = (
    *(access.room, places.room, places.units, connections.room, connections.exports),
    sources.room,
    *(bookings.room, bookings.blocks, holds.room, parameters.room),
    *(calendar.room, conflicts.room, access.journal),
    *(stream.room, webhooks.room),
)

_ABOUT = """\
One truthful calendar per rental unit: what every channel says, reconciled.

Send `Authorization: Bearer vac_...`; a key is made by `vacancy keys create`. Dates are local dates
of the property, a departure is the day of leaving; instants are UTC. Lists come in pages, change
feeds with cursors. A POST with an `Idempotency-Key` is done once. Errors have one shape, and a
`code` that programs can rely on.
"""


def make_app(front: Front | None) -> FastAPI:
    """The app of a house; None gives one that can only describe itself."""
    app = FastAPIOffline(
        title="Vacancy",
        version=__version__,
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        swagger_ui_parameters={"persistAuthorization": True},
        redoc_url=None,
    )
    app.state.front = front
    errors.install(app)
    for room in ROOMS:
        # Flat, so that whoever asks for an address's methods finds them all.
        app.router.routes.extend(room.router.routes)
    sources.add_hooks(app)
    plain = app.openapi
    app.openapi = lambda: meanings.told(plain())
    return app


def schema() -> dict[str, Any]:
    """The API's own description, as OpenAPI 3.1."""
    return make_app(None).openapi()


def add_health(
    app: FastAPI, health: Health, metrics: Metrics | None, monotonic: Callable[[], float]
) -> None:
    """Serve /livez and /readyz; and /metrics, unless `metrics` is None."""

    @app.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        return PlainTextResponse("alive\n")

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        reason = health.reason_not_ready(monotonic())
        if reason is None:
            return JSONResponse({"ready": True})
        return JSONResponse(
            {"ready": False, "reason": reason}, status_code=503, headers={"Retry-After": "5"}
        )

    if metrics is not None:

        @app.get("/metrics", include_in_schema=False)
        async def figures() -> Response:
            return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
