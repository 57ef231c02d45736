"""The rows of the result, how each is judged, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

_HEADS = ("what", "figure", "beside", "ratio", "gate", "aim", "holds")


@dataclass(frozen=True, slots=True)
class Row:
    """One budget: what was measured, beside what, and the bounds of their ratio.

    `value` is the ratio, or the figure itself where nothing stands beside it; None where it could
    not be measured, and `figure` says why. `better` tells which way the bounds hold.
    """

    what: str
    figure: str
    value: float | None
    beside: str = ""
    gate: float | None = None
    aim: float | None = None
    better: Literal["less", "more"] = "less"
    unit: str = "x"

    @property
    def holds(self) -> str:
        """`aim`, `gate`, or `no`; "" where there is nothing to hold."""
        if self.value is None or self.gate is None:
            return ""
        if self.aim is not None and self._within(self.aim):
            return "aim"
        return "gate" if self._within(self.gate) else "no"

    def cells(self) -> tuple[str, ...]:
        bounds = (self._bound(self.value), self._bound(self.gate), self._bound(self.aim))
        return (self.what, self.figure, self.beside, *bounds, self.holds)

    def _within(self, bound: float) -> bool:
        assert self.value is not None
        return self.value <= bound if self.better == "less" else self.value >= bound

    def _bound(self, bound: float | None) -> str:
        return "" if bound is None else f"{bound:.3g}{self.unit}"


def counted(what: str, value: float, wanted: float) -> Row:
    """A row of something counted exactly."""
    return Row(what, f"{value:g}", value, "counted", wanted, wanted, unit="")


def table(rows: Sequence[Row]) -> str:
    """The rows for a terminal."""
    lines = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [_HEADS, ("---",) * len(_HEADS), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def micros(seconds: float) -> str:
    """CPU of one thing done."""
    return f"{seconds * 1e6:,.0f} us" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"
