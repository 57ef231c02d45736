"""The figures that are read from the store rather than counted as things happen."""

from __future__ import annotations

from vacancy.api.health import Metrics
from vacancy.daemon.compose import House
from vacancy.store import polls

HEALTHS = ("ok", "failing", "stale", "suspicious", "gone", "paused")


def gauge(house: House, metrics: Metrics) -> None:
    """Set the gauges to what the store holds now."""
    with house.store.read() as session:
        figures = polls.figures(session)
    for health in HEALTHS:
        metrics.feeds.labels(health).set(figures.by_health.get(health, 0))
    metrics.conflicts.set(figures.conflicts)
    age = 0.0
    if figures.oldest_good is not None:
        age = (house.clock.now() - figures.oldest_good).total_seconds()
    metrics.oldest_good.set(age)
