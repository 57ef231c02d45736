"""One process does everything that it finds due: what a single host needs, on SQLite."""

from __future__ import annotations

from vacancy.runner.work import Work


class Embedded:
    """Does due work where it is looked for. Whatever is left under way is its owner's to end."""

    async def start(self) -> None:
        """Nothing is needed."""

    async def look(self, work: Work) -> None:
        """Do what is due, all together, or piece by piece."""
        if work.here is not None:
            await work.here()
            return
        failures: list[Exception] = []
        for key in await work.due():
            try:
                await work.do(key)
            except Exception as failure:  # keeps no other piece from being done
                failures.append(failure)
        for failure in failures:
            raise failure

    async def stop(self) -> None:
        """Nothing is under way between two looks."""
