"""The machine: what it is, its cores, and CPU time on it."""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
#: Where what is measured runs, and where the other side of the wire does.
OUR_CORE, OTHER_CORE = _CORES[0], _CORES[-1]


def pin(core: int) -> None:
    """Keep this process, and what it starts, on one core where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def describe() -> str:
    """The machine in one sentence."""
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")


def children_cpu() -> float:
    """CPU seconds of all ended children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads, while it works."""
    before = time.process_time()
    work()
    return time.process_time() - before


def median(figures: Iterable[float]) -> float:
    return statistics.median(figures)
