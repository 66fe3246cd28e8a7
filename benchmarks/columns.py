"""Rows a second for the columns and payloads that people have, next to the guides' method."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.captures import OUTPUT, s3_event
from benchmarks.lab import Lab, Rounds, in_turn, say
from benchmarks.processes import Code, Function
from benchmarks.workloads import (
    FLOATS,
    TABLE,
    UNTYPED,
    UNTYPED_CENSUS,
    WITH_METADATA,
    WORKLOAD_ROWS,
    Workload,
)

HEADINGS = ("Columns and payloads", "one record a call", "many (1)", "50 ms a request", "1 % odd")
_LATENCY = 0.05
_SLOW_ROUNDS = 3
_LEAST_OF_CLEAN = 0.7
_LEAST_WITH_METADATA = 0.8


def measure(lab: Lab) -> tuple[list[list[str]], list[str]]:
    """Measure each workload.

    Returns
    -------
    tuple
        The cells of a table of ratios to the guides' method, and what missed its target.
    """
    cells: list[list[str]] = []
    missed: list[str] = []
    for workload in TABLE:
        say(f"rows a second: {workload.name}")
        cells.append([workload.name, *_ratios(lab, workload, missed)])
    for workload in (UNTYPED, UNTYPED_CENSUS):
        say(f"rows a second: {workload.name}")
        cells.append([workload.name, *_to_files(lab, workload, missed)])
    say(f"rows a second: {WITH_METADATA.name}")
    share = _cell(WITH_METADATA.name, _beside_plain(lab), _LEAST_WITH_METADATA, missed)
    cells.append([f"{WITH_METADATA.name} (2)", share, "", "", ""])
    return cells, missed


def _ratios(lab: Lab, workload: Workload, missed: list[str]) -> list[str]:
    with ExitStack() as stack:
        guide = _start(stack, lab, lab.guide.with_settings(**guides_settings(workload)), workload)
        ours = _start(stack, lab, lab.ours.with_settings(**our_settings(workload)), workload)
        base = "single" if workload.guide == "csv" else "many"
        plain = workload if "base64" not in workload.name else FLOATS
        if plain is not workload:
            guide = _start(stack, lab, lab.guide.with_settings(**guides_settings(plain)), plain)

        def rate(
            function: Function, which: str, of: Workload = workload, latency: float = 0.0
        ) -> Callable[[], float]:
            return lambda: _rate(lab, function, of, which, latency)

        works = {
            "guide": rate(guide, base, plain),
            "single": rate(ours, "single"),
            "odd": rate(ours, "odd"),
        }
        if workload.targets[1]:
            works["many"] = rate(ours, "many")
        fast = in_turn(lab.rounds, works)
        late = in_turn(
            min(_SLOW_ROUNDS, lab.rounds),
            {
                "guide": rate(guide, base, plain, _LATENCY),
                "ours": rate(ours, "single", workload, _LATENCY),
            },
        )
    single, many, slow = workload.targets
    name = workload.name
    return [
        _cell(f"{name}, one record a call", fast.ratio("single", "guide"), single, missed),
        _cell(f"{name}, many", fast.ratio("many", "guide"), many, missed) if many else "",
        _cell(f"{name}, 50 ms a request", late.ratio("ours", "guide"), slow, missed),
        _cell(f"{name}, 1 % odd", fast.ratio("odd", "single"), _LEAST_OF_CLEAN, missed),
    ]


def _to_files(lab: Lab, workload: Workload, missed: list[str]) -> list[str]:
    """Measure what is written to files, whose values have no types but their own."""
    folder = lab.folder / "written"
    settings = {
        **dict.fromkeys(guides_settings(workload), ""),
        **dict.fromkeys(("FIDDLER_URL", "FIDDLER_TOKEN", "FIDDLER_TIMESTAMP_COLUMN"), ""),
        "FORWARDER_PUBLISHER": "files",
        "FORWARDER_FILES": str(folder),
        "FORWARDER_INPUT_COLUMNS": ",".join(workload.columns),
        "FORWARDER_OUTPUT_COLUMNS": OUTPUT,
    }
    settings.pop("GUIDE_READS")
    with ExitStack() as stack:
        guide = _start(stack, lab, lab.guide.with_settings(**guides_settings(workload)), workload)
        ours = stack.enter_context(Function(lab.ours.with_settings(**settings), lab.servers))

        def written(which: str) -> float:
            shutil.rmtree(folder, ignore_errors=True)
            lab.servers.reset()
            done = ours.call(s3_event(workload.file(which)))
            rows = _rows_below(folder)
            assert rows == WORKLOAD_ROWS, f"{WORKLOAD_ROWS} rows were captured, {rows} written"
            return WORKLOAD_ROWS / done.seconds

        written("single")
        found = in_turn(
            lab.rounds,
            {
                "guide": lambda: _rate(lab, guide, workload, "single", 0.0),
                "single": lambda: written("single"),
                "many": lambda: written("many"),
            },
        )
    single, many, _ = workload.targets
    return [
        _cell(f"{workload.name}, one record", found.ratio("single", "guide"), single, missed),
        _cell(f"{workload.name}, many", found.ratio("many", "guide"), many, missed),
        "",
        "",
    ]


def _beside_plain(lab: Lab) -> float:
    with ExitStack() as stack:
        plain, more = (
            _start(stack, lab, lab.ours.with_settings(**our_settings(one)), one)
            for one in (FLOATS, WITH_METADATA)
        )
        found: Rounds = in_turn(
            lab.rounds,
            {
                "without": lambda: _rate(lab, plain, FLOATS, "single", 0.0),
                "with": lambda: _rate(lab, more, WITH_METADATA, "single", 0.0),
            },
        )
    return found.ratio("with", "without")


def guides_settings(workload: Workload) -> dict[str, str]:
    """Return what the guides' function is told of a workload."""
    return {
        "FIDDLER_MODEL_UUID": workload.model_id,
        "FIDDLER_MODEL_COLUMNS": ",".join(workload.columns),
        "FIDDLER_MODEL_OUTPUT_COLUMN": OUTPUT,
        "GUIDE_READS": workload.guide,
    }


def our_settings(workload: Workload) -> dict[str, str]:
    """Return what our function is told of a workload."""

    def columns(names: Sequence[str]) -> str:
        sources = workload.sources
        return ",".join(f"{name}={sources[name]}" if name in sources else name for name in names)

    return {
        "FIDDLER_MODEL_UUID": workload.model_id,
        "FIDDLER_MODEL_COLUMNS": columns(list(workload.columns)),
        "FIDDLER_MODEL_OUTPUT_COLUMN": columns([OUTPUT]),
        **workload.settings,
    }


def _start(stack: ExitStack, lab: Lab, code: Code, workload: Workload) -> Function:
    function = stack.enter_context(Function(code, lab.servers))
    _rate(lab, function, workload, "single" if workload.guide == "csv" else "many", 0.0)
    return function


def _rate(lab: Lab, function: Function, workload: Workload, which: str, latency: float) -> float:
    name = workload.file(which)
    done = lab.call(function, name, rows=WORKLOAD_ROWS, latency=latency)
    return WORKLOAD_ROWS / done.seconds


def _rows_below(folder: Path) -> int:
    parts = [path for path in folder.rglob("*.gz") if path.is_file()]
    return sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in parts)


def _cell(what: str, ratio: float, target: float | None, missed: list[str]) -> str:
    if target is None:
        return f"{ratio:.2f}"
    if ratio < target:
        missed.append(what)
        return f"**{ratio:.2f}** (≥ {target:g})"
    return f"{ratio:.2f} (≥ {target:g})"
