"""How the report writes names, numbers and times."""

from __future__ import annotations

from datetime import UTC, datetime

LONGEST = 160
"""Longer names and messages are cut."""

_SHORT = 10_000_000


def visible(value: object) -> str:
    """Write a name of the data: what cannot be seen is spelled out, what is too long is cut."""
    name = str(value)
    cut = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "replace").decode()
        for sign in cut
    )


def short_number(value: float | None) -> str:
    """Write a number as it is read at a glance; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    if value < 0:
        return f"\N{MINUS SIGN}{short_number(-value)}"
    if value == int(value) and value < _SHORT:
        return f"{int(value):,}"
    written = f"{value:.4g}"
    if "e" in written:
        return written
    digits = f"{value:,.{_digits(value)}f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def figure(value: object) -> str:
    """Write a number as `short_number` does, and what is none, such as a time, as it stands."""
    is_number = value is None or isinstance(value, int | float)
    return short_number(value) if is_number else visible(value)  # type: ignore[arg-type]


def _digits(value: float) -> int:
    whole = len(str(int(value)))
    return max(0, 4 - whole) if value >= 1 else 4


def percent(share: float | None) -> str:
    """Write a share; never 100 % for what is less."""
    if share is None:
        return "\N{EN DASH}"
    if share in {0.0, 1.0}:
        return f"{share:.0%}"
    return f"{min(max(share, 0.001), 0.999):.1%}"


def short_time(value: object) -> str:
    """Write a time of a document to the minute; as it stands if it is no time."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return visible(value) if value else ""
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if found.tzinfo else str(value)
