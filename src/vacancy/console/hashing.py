"""Work on passwords, which is slow on purpose: few at once, and never in a transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread

#: Each takes 64 MiB, and a core for a tenth of a second.
_AT_ONCE = CapacityLimiter(2)


async def slowly(work: Callable[..., Any], *said: Any) -> Any:
    """What the work gives, once it had its turn."""
    return await to_thread.run_sync(partial(work, *said), limiter=_AT_ONCE)
