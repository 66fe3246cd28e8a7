"""Rows a second of a warm function, from the object in S3 to the platform's answer."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.captures import IN_BASE64, MINI_BATCH, ROWS
from benchmarks.lab import Lab, Rounds, in_turn, say
from benchmarks.processes import Code, Function, limit
from benchmarks.report import Row

LATENCY = 0.05
LEDGER_LATENCY = 0.005
_SLOW_ROUNDS = 3
_BAD_LINES = ROWS // 100


def measure(lab: Lab) -> tuple[list[Row], list[Row], dict[str, float]]:
    """Measure all of it.

    Returns
    -------
    tuple
        The rows with targets, those without, and the figures by name.
    """
    with ExitStack() as stack:

        def start(code: Code) -> Function:
            function = stack.enter_context(Function(code, lab.servers))
            lab.warm(function)
            return function

        say("rows a second")
        guide, ours, least = start(lab.guide), start(lab.ours), start(limit())
        forgetful = start(lab.ours.with_settings(FORWARDER_LEDGER=""))
        works = {
            "guide": lambda: _rate(lab, guide),
            "ours": lambda: _rate(lab, ours),
            "limit": lambda: _rate(lab, least),
            "mini-batches": lambda: _rate(lab, ours, "mini-batches"),
            "limit, mini-batches": lambda: _rate(lab, least, "mini-batches"),
            "no ledger": lambda: _rate(lab, forgetful),
        }
        fast = in_turn(lab.rounds, works)
        lab.call(ours, "single")
        row_bytes = lab.servers.platform.control("stats")["bytes"] / ROWS
        say("rows a second, with latency")
        slow = {
            "guide, no latency": lambda: _rate(lab, guide),
            "guide, latency": lambda: _rate(lab, guide, latency=LATENCY),
            "ours, latency": lambda: _rate(lab, ours, latency=LATENCY),
            "limit, latency": lambda: _rate(lab, least, latency=LATENCY),
            "slow ledger": lambda: _rate(lab, ours, ledger_latency=LEDGER_LATENCY),
            "both slow": lambda: _rate(lab, ours, latency=LATENCY, ledger_latency=LEDGER_LATENCY),
        }
        late = in_turn(min(_SLOW_ROUNDS, lab.rounds), slow)
        say("bad lines")
        kept = start(lab.ours.with_settings(FORWARDER_QUARANTINE=str(lab.folder / "quarantine")))
        bad = {
            "guide, again": lambda: _rate(lab, guide),
            "base64": lambda: _rate(lab, ours, "base64", IN_BASE64),
            "clean": lambda: _rate(lab, kept),
            "bad lines": lambda: _rate(lab, kept, "some-bad", ROWS - _BAD_LINES),
        }
        refused = in_turn(min(_SLOW_ROUNDS, lab.rounds), bad)
    found = fast.medians() | late.medians() | refused.medians()
    found |= {"bytes a row": row_bytes, "spread": fast.spread("guide")}

    def row(rounds: Rounds, what: str, names: tuple[str, str], target: float | None = None) -> Row:
        ours, guide = names
        ratio = rounds.ratio(ours, guide)
        return Row(f"rows/s, {what}", found[ours], found[guide], target, measured=ratio)

    slowly = f"one record a line, {LATENCY * 1000:.0f} ms a request"
    ledger = f"{LEDGER_LATENCY * 1000:.0f} ms"
    targets = [
        row(fast, "one record a line", ("ours", "guide"), 4.5),
        row(fast, f"{MINI_BATCH} records a line (1)", ("mini-batches", "guide"), 6.5),
        row(late, slowly, ("ours, latency", "guide, latency"), 8),
    ]
    others = [
        row(fast, "without a ledger", ("no ledger", "guide")),
        row(late, f"ledger answers in {ledger}", ("slow ledger", "guide, no latency")),
        row(late, f"ledger in {ledger}, platform in 50 ms", ("both slow", "guide, latency")),
        row(refused, "one record a line, in base64 (1)", ("base64", "guide, again")),
        row(refused, "refused lines go to a folder, none is", ("clean", "guide, again")),
        row(refused, "the same, 1 % of the lines refused", ("bad lines", "guide, again")),
    ]
    return targets, others, found


def _rate(  # noqa: PLR0913 - what tells one run from another
    lab: Lab,
    function: Function,
    name: str = "single",
    rows: int = ROWS,
    *,
    latency: float = 0.0,
    ledger_latency: float = 0.0,
) -> float:
    done = lab.call(function, name, rows=rows, latency=latency, ledger_latency=ledger_latency)
    return rows / done.seconds
