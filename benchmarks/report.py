"""Tables of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One thing that was measured.

    `higher` says which way is better; `target` is for the ratio, or for the value itself if
    `absolute`. A ratio is ours to the baseline's, from the values if it was not measured by itself.
    `form` is how a value is written.
    """

    what: str
    ours: float
    baseline: float | None = None
    target: float | None = None
    higher: bool = True
    absolute: bool = False
    form: str = "{:,.0f}"
    measured: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the baseline's; None without one."""
        if self.measured is not None:
            return self.measured
        return self.ours / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        value = self.ours if self.absolute else self.ratio
        if self.target is None or value is None:
            return None
        return value >= self.target if self.higher else value <= self.target

    def cells(self) -> list[str]:
        """Write the row as text."""
        ratio, target = "", ""
        if self.ratio is not None:
            ratio = f"{self.ratio:.2f}"
        if self.target is not None:
            number = self.form.format(self.target) if self.absolute else f"{self.target:g} x"
            target = ("≥ " if self.higher else "≤ ") + number
        baseline = "" if self.baseline is None else self.form.format(self.baseline)
        met = {True: "met", False: "**missed**", None: ""}[self.met]
        return [self.what, baseline, self.form.format(self.ours), ratio, target, met]


HEADINGS = ("", "Guides' method", "Capture Forwarder", "Ratio", "Target", "")


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table for a document; all columns but the first are numbers."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table for a terminal."""
    table = [list(headings), *([cell.replace("*", "") for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(headings))]
    lines = []
    for row in table:
        first, *others = (
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *others)).rstrip())
    return "\n".join(lines)
