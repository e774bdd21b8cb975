"""Owns what a figure is: its lines, the runs behind them, and how they are printed."""

import dataclasses
from statistics import median

OURS = "bidroom"


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the table. Less is better, or more."""

    key: str
    what: str
    unit: str
    limit: float | None = None
    aim: float | None = None
    more: bool = False


def median_and_range(values):
    """As text: the median, and behind it the smallest and the largest."""
    if not values:
        return "-"
    digits = 2 if max(values) < 1 else 1 if max(values) < 100 else 0
    shown = [f"{value:.{digits}f}" for value in (median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}-{shown[2]})"


def verdict(line, values):
    """Whether our median keeps the limit, and the aim."""
    if not values or line.limit is None:
        return ""
    ours = median(values)
    keeps = (lambda bound: ours >= bound) if line.more else (lambda bound: ours <= bound)
    if not keeps(line.limit):
        return "FALLS SHORT"
    return "aim" if line.aim is not None and keeps(line.aim) else "ok"


def percentile(values, percent):
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def table(rows):
    """The figures as text. `rows` holds (figure, Line, {who: values})."""
    peers = sorted({who for _, _, readings in rows for who in readings if who != OURS})
    head = ["figure", "what", "unit", OURS, *peers, "at least", "aim", ""]
    lines = [head]
    for name, line, readings in rows:
        bound = lambda value: "" if value is None else f"{'≥' if line.more else '≤'} {value:g}"
        cells = [median_and_range(readings.get(who, [])) for who in (OURS, *peers)]
        lines.append([name, line.what, line.unit, *cells, bound(line.limit), bound(line.aim), verdict(line, readings.get(OURS, []))])
    widths = [max(len(row[column]) for row in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in lines)
