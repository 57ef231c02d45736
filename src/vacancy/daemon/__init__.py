"""The composition root: settings become a store, a client, workers and a web server."""

from vacancy.daemon.serve import serve
from vacancy.daemon.step import StepReport, poll, step

__all__ = ["StepReport", "poll", "serve", "step"]
