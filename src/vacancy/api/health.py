"""Whether the daemon lives, whether it is ready, and its figures for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

#: A probe older than this many seconds (monotonic) proves nothing.
PROBE_HOLDS_FOR = 10.0


@dataclass
class Health:
    """What the last probe of the store found: `trouble` is a reason code, None when all is well."""

    trouble: str | None = "starting"
    probed_at: float = 0.0

    def note(self, trouble: str | None, at: float) -> None:
        """Take in what a probe found, and when on the monotonic clock."""
        self.trouble = trouble
        self.probed_at = at

    def reason_not_ready(self, at: float) -> str | None:
        """Why the daemon is not ready at this monotonic second; None when it is."""
        if self.trouble is not None:
            return self.trouble
        return "probe_stale" if at - self.probed_at > PROBE_HOLDS_FOR else None


class Metrics:
    """The figures of one daemon. Labels are kinds and outcomes, never an address or a unit."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.polls = Counter(
            "vacancy_polls", "Polls by outcome", ["outcome"], registry=self.registry
        )
        self.poll_seconds = Histogram(
            "vacancy_poll_seconds", "Time from asking to concluding", registry=self.registry
        )
        self.feeds = Gauge("vacancy_feeds", "Feeds by health", ["health"], registry=self.registry)
        self.conflicts = Gauge(
            "vacancy_conflicts_open", "Conflicts not resolved", registry=self.registry
        )
        self.oldest_good = Gauge(
            "vacancy_oldest_good_answer_seconds",
            "Age of the oldest last good answer of any feed in use",
            registry=self.registry,
        )

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)
