"""Measure the forwarder against the guides' method; print a table; write the documents on it.

python -m benchmarks.run [--quick | --rounds N] [--loading]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import (
    cold_start,
    columns,
    cost,
    document,
    formats,
    loading,
    memory,
    package_size,
    profiling,
    requests_made,
    rungs,
    throughput,
)
from benchmarks.captures import ROWS
from benchmarks.lab import open_lab
from benchmarks.report import HEADINGS, Row, plain

_BUSY = 0.25
MEASURED = Path(__file__).resolve().parent / "measured.json"


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description="Measure the forwarder.")
    parser.add_argument("--quick", action="store_true", help="two rounds; write nothing")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured")
    parser.add_argument("--package", type=Path, help="a package that is built already")
    parser.add_argument("--loading", action="store_true", help="only loading into DuckDB")
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else arguments.rounds
    if arguments.loading:
        _only_loading(rounds, writes=not arguments.quick)
        return
    began = time.monotonic()
    with open_lab(rounds=rounds, package=arguments.package) as lab:
        targets, others, found = throughput.measure(lab)
        used, figures = memory.measure(lab)
        targets += used
        found |= figures
        targets += package_size.measure(lab)
        started, unbound, figures = cold_start.measure(lab)
        targets += started
        others += unbound
        found |= figures
        asked, timed, figures = requests_made.measure(lab)
        targets += asked
        others += timed
        found |= figures
        ratios, short = columns.measure(lab)
        modules, functions, cpu = profiling.measure(lab)
    found["cpu a row"] = cpu / ROWS
    found["microseconds an event"] = formats.microseconds_an_event()
    kinds = formats.measure(rounds)
    ladder = rungs.measure(rounds)
    loaded = _loaded(rounds)

    print(plain(HEADINGS, [row.cells() for row in (*targets, *others)]))
    every = (*targets, *loaded)
    missed = sum(row.met is False for row in every)
    print(f"\n{missed} of {sum(row.met is not None for row in every)} targets missed.")
    print(f"{len(short)} of the columns' targets missed.")
    for headings, cells in (
        (columns.HEADINGS, ratios),
        (loading.HEADINGS, [row.cells() for row in loaded]),
        (document.LIMIT_HEADINGS, document.limits(found)),
        (formats.HEADINGS, kinds),
        (rungs.HEADINGS, ladder),
        (profiling.MODULE_HEADINGS, modules),
        (profiling.FUNCTION_HEADINGS, functions),
    ):
        print(f"\n{plain(headings, cells)}")
    spread = found["spread"]
    print(f"\nFrom round to round, the guides' method varied by {spread:.0%}.", end=" ")
    print("The machine was busy: repeat the run." if spread > _BUSY else "")
    print(f"Took {time.monotonic() - began:.0f} s.")

    if arguments.quick:
        return
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    document.write(
        machine=machine,
        rounds=rounds,
        targets=targets,
        others=others,
        loaded=loaded,
        found=found,
        kinds=kinds,
        ladder=ladder,
        ratios=ratios,
        modules=modules,
        functions=functions,
    )
    kept = {name: float(f"{value:.4g}") for name, value in sorted(found.items())}
    MEASURED.write_text(json.dumps({"machine": machine, **kept}, indent=2) + "\n")
    cost.main()


def _loaded(rounds: int) -> list[Row]:
    """Measure loading from a fresh process: the memory of one counts for those it starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(loading.measure, rounds).result()


def _only_loading(rounds: int, *, writes: bool) -> None:
    loaded = _loaded(rounds)
    print(plain(loading.HEADINGS, [row.cells() for row in loaded]))
    if writes:
        document.write_loading(loaded)


if __name__ == "__main__":
    main()
