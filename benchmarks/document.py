"""docs/performance.md, written from a run's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import formats, profiling
from benchmarks.report import HEADINGS, Row, markdown

PLACE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

LIMIT_HEADINGS = ("", "Limit", "Capture Forwarder", "Share")

_PAGE = """\
# Performance

This page is written by `make bench`: {machine}; medians of {rounds} rounds, the two sides in turn.

{targets}

(1) The guides' loop can read neither several records in one call nor base64; it is given as many
inferences in plain CSV, one a line.

{missed}

## Further measurements

{others}

Reading an SQS event of ten messages takes {event:.0f} microseconds.

## The limit

What must be done at the least, each step by the fastest call there is for it: orjson parses the
lines, orjson encodes batches of rows that lie ready, and the bytes are posted through open
connections, several in flight. In between nothing happens: no payload is read, no value typed, no
row made, nothing checked or remembered. The forwarder comes near to it because it encodes nothing
where the captured text of a number can be sent as it is.

{limits}

The forwarder uses {cpu:.1f} microseconds of CPU a row, with one record a line. Where they go,
by module at work:

{modules}

{functions}

(1) What C code takes counts for the function that calls it: decoding for `parser.alike`, writing
rows for `parser.json_writer`. What freeing many objects takes counts for the function that is
called next.

## The parser alone

{kinds}

The guides' loop can read only the first format; the ratio of the others is to what it does with as
many inferences in the first. Typed values come out, or what is sent of them.

## Method

- **Data.** A file of 100,000 lines and 50 MB, 20 numeric columns and a score, as SageMaker writes
  them; another of the same number of inferences, 100 a line; one of ten times the size; one of 50
  lines; one with 1 % of its lines damaged.
- **Baseline.** What the vendors' guides tell their users to paste: `get_object(...).read()`,
  `json.loads` of each line, `split(',')`, `dict(zip())`, every value sent as text,
  `publish_stream` of the list of all rows with fiddler-client and pandas. It neither types values
  nor sends ids.
- **Ours.** The package that `sam build` makes, with its own botocore, and nothing else but what
  Lambda's runtime starts it with, configured as the template does: typed by the model's schema, a
  ledger in DynamoDB, 8 requests in flight.
- **Servers.** Both sides talk to the same two servers on the loopback interface: Fiddler's API,
  which receives every body whole, counts its rows and answers with their ids, and S3 with
  DynamoDB, which answer at once unless said otherwise. Each is a process of its own that uses
  little of the machine. A run whose rows have not all arrived stops the benchmark.
- **Rows a second** are those of a warm function's whole invocation, from event to answer.
- **Memory** is the peak of the resident set of a fresh process, with 50 ms a request, so that as
  many batches are held as may be.
- **Cold start** is from the start of the function's process to the first publish that the server
  has accepted, under AWS's Runtime Interface Emulator, with compiled bytecode on both sides. The
  token is in the environment on both sides.
- **Profile.** A timer of CPU time interrupts the function every few milliseconds; what was used
  since is put down to where it is. For this the batches are published in the main thread, one
  after another.
- Function and servers share the machine with each other and whatever else runs on it. In this run
  the guides' rows a second varied by {spread:.0%} from round to round. Ratios are medians of the
  rounds' ratios, so they need not be those of the medians.
"""


def limits(found: Mapping[str, float]) -> list[list[str]]:
    """Write the limits and how near the forwarder comes to them, as cells of a table."""
    names = {
        "rows/s, one record a line": ("limit", "ours"),
        "rows/s, 100 records a line": ("limit, mini-batches", "mini-batches"),
        "rows/s, one record a line, 50 ms a request": ("limit, latency", "ours, latency"),
    }
    return [
        [what, f"{found[limit]:,.0f}", f"{found[ours]:,.0f}", f"{found[ours] / found[limit]:.0%}"]
        for what, (limit, ours) in names.items()
    ]


def write(  # noqa: PLR0913 - the parts of the page
    *,
    machine: str,
    rounds: int,
    targets: Sequence[Row],
    others: Sequence[Row],
    found: Mapping[str, float],
    kinds: Sequence[Sequence[str]],
    modules: Sequence[Sequence[str]],
    functions: Sequence[Sequence[str]],
) -> None:
    """Write the page."""
    missed = [row.what for row in targets if row.met is False]
    told = f"Missed: {'; '.join(missed)}." if missed else "All targets are met."
    PLACE.write_text(
        _PAGE.format(
            machine=machine,
            rounds=rounds,
            targets=markdown(HEADINGS, [row.cells() for row in targets]),
            missed=told,
            others=markdown(HEADINGS[:4], [row.cells()[:4] for row in others]),
            spread=found["spread"],
            event=found["microseconds an event"],
            limits=markdown(LIMIT_HEADINGS, limits(found)),
            cpu=found["cpu a row"] * 1e6,
            modules=markdown(profiling.MODULE_HEADINGS, modules),
            functions=markdown(profiling.FUNCTION_HEADINGS, functions),
            kinds=markdown(formats.HEADINGS, kinds),
        )
    )
