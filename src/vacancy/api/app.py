"""The application that answers everything but exports."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from vacancy import __version__
from vacancy.api.health import Health, Metrics


def make_app(health: Health, metrics: Metrics | None, monotonic: Callable[[], float]) -> FastAPI:
    """The app; `metrics` None leaves /metrics unserved."""
    app = FastAPI(title="Vacancy", version=__version__, docs_url=None, redoc_url=None)

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

    return app
