"""Word to systemd, if it started us: ready, alive, stopping."""

from __future__ import annotations

import contextlib

from systemd_watchdog.systemd_watchdog import WatchDog


class Systemd(WatchDog):
    """The library's words, and the one it lacks. A socket that is gone is no reason to fall."""

    def stopping(self) -> None:
        """Say that we were asked to stop and do."""
        self._send("STOPPING=1\n")

    def _send(self, msg: str) -> None:
        with contextlib.suppress(OSError):
            super()._send(msg)
