"""docs/performance.md, written from a run's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import columns, formats, loading, profiling, rungs
from benchmarks.report import HEADINGS, Row, markdown
from benchmarks.workloads import WORKLOAD_ROWS

PLACE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

_LOADING = "## Loading into DuckDB"
_MONITORING = "## Monitoring"

LIMIT_HEADINGS = ("", "Limit", "Capture Forwarder", "Share")

_PAGE = """\
# Performance

How fast the forwarder is, and how much memory it takes, next to the method that platform vendors'
guides show. `make bench` writes this page: {machine}; medians of {rounds} rounds, the two methods
in turn.

{targets}

(1) The guides' loop can read neither several records in one call nor base64. It gets as many
inferences in plain CSV, one a line.

{missed}

## The columns that people have

Ratios of rows a second to the guides' method, each on a file of {workload_rows:,} rows; in brackets
the least that is aimed at, in bold what is below it.

{ratios}

(1) 100 records a call, 10 where the payload is JSON. The guides' loop reads CSV of one record a
call alone; it gets as many inferences so, and JSON by `json.loads` in place of `split`. Odd are, in
turn, another content type, a quoted cell, and a number with a plus sign; this ratio is to our own
rate without them. (2) To our own rate without the three columns. (3) The guides' loop cuts a quoted
cell at its comma, and sends the quotes along.

## More measurements

{others}

Reading an SQS event with ten messages takes {event:.0f} microseconds.

## How near to the limit

The limit is the least that has to be done, each step by the fastest call for it: orjson parses
the lines, orjson encodes batches of rows that are already there, and the bytes go out through
open connections, several at once. In between nothing happens: no payload is read, no value gets a
type, no row is made, nothing is checked or remembered.

{limits}

With one record a line, the forwarder uses {cpu:.1f} microseconds of CPU for a row. By module,
they are spent here:

{modules}

{functions}

(1) Time spent in C code counts for the function that calls it: decoding for the reader of lines
that are alike, writing for the writer of JSON rows. Time spent on freeing many objects counts for
the function that is called next.

## The parser alone: two rungs

At the foot stands the oracle (`parser/mapping`), which reads one line at a time and alone decides
what it means. The rung above it (`parser/fast`) reads the plain lines of a chunk together and
leaves every other line to the oracle ([architecture](architecture.md#a-lines-way)). Microseconds of
CPU a row, with one record a call and with many (100, or 10 where the payload is JSON):

{rungs}

A way of reading together stays only while one of these gains 1.3 by it.
`python -m benchmarks.rungs` prints this table alone. The oracle reads some formats that have no
other way; next to the guides' loop, it gives:

{kinds}

The guides' loop can read only the first format. The other ratios compare with as many inferences
in the first. The parser returns typed values, or the JSON that is sent of them.

## Loading into DuckDB

`capture-forwarder forward` fills a new DuckDB file, next to DuckDB itself, which reads the same
rows with `read_json` from a file that holds nothing else, infers their types and writes them
without a key. Times and memory are those of the whole process, from its start to its end.

{loaded}

`python -m benchmarks.run --loading` measures and writes this table alone.

## Monitoring

A million rows of 20 columns (twelve fractions, four whole numbers, four texts) are checked against
a baseline; beside it, Evidently's drift preset on the same rows, in an environment of its own. CPU
time and memory are those of the whole process. Each prediction has an id and a score; the labels
are another file.

{monitored}

`VENDOR_PYTHONS=PYTHON python -m benchmarks.monitor` measures and writes this table, where PYTHON is
the interpreter of an environment with `pip install 'evidently==0.7.*' 'pandas<3' pyarrow`. Without
it, it measures the rest and writes nothing.

## Method

- **Data.** Most figures: a file of 100,000 lines and 50 MB, with 20 numeric columns and a score, as
  SageMaker writes them. A second one with as many inferences, 100 a line; a third, ten times as
  large; a fourth of 50 lines; a fifth with 1 % of its lines damaged. The table of columns has files
  of its own (`benchmarks/workloads.py`).
- **The guides' method.** What they tell their users to paste: `get_object(...).read()`,
  `json.loads` of each line, `split(',')`, `dict(zip())`, every value sent as text,
  `publish_stream` of the list of all rows with fiddler-client and pandas. It neither types values
  nor sends ids.
- **Ours.** The package that `sam build` makes, with its own botocore and nothing else but what
  starts it in Lambda, and the template's settings: types from the model's schema, a ledger in
  DynamoDB, 12 requests in flight.
- **Servers.** Both methods talk to the same two servers on the loopback interface: Fiddler's API,
  which receives every body whole, counts its rows and answers with their ids; and S3 with
  DynamoDB, which answer at once unless a row says otherwise. Each is a process of its own that
  needs little of the machine. If not all rows of a run arrive, the benchmark stops.
- **Rows a second** are those of a warm function's whole invocation, from event to answer.
- **Memory** is the peak of the resident set of a fresh process, with 50 ms a request, so that as
  many batches are in memory as there can be.
- **Cold start** is the time from the start of the function's process to the first publish that
  the server has accepted, under AWS's Runtime Interface Emulator, with compiled bytecode for both
  methods. Both have the token in the environment.
- **Profile.** A timer of CPU time interrupts the function every few milliseconds, and the time
  since the last interrupt counts for the place where it is. For this, the main thread publishes
  the batches, one after another.
- **Noise.** The function and the servers share the machine with each other and with whatever else
  runs on it. In this run, the guides' rows a second varied by {spread:.0%} from round to round.
  Ratios are medians of the rounds' ratios, so they may differ from the ratio of the medians."""


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


def write_loading(loaded: Sequence[Row]) -> None:
    """Write the table on loading into DuckDB anew, and leave the rest of the page."""
    _write_table(_LOADING, _loading_table(loaded))


def write_monitoring(headings: Sequence[str], measured: Sequence[Row]) -> None:
    """Write the table on monitoring anew, and leave the rest of the page."""
    _write_table(_MONITORING, markdown(headings, [row.cells() for row in measured]))


def _write_table(heading: str, table: str) -> None:
    """Replace the first table below a heading."""
    before, _, after = _around_table(heading)
    PLACE.write_text(f"{before}{table}{after}")


def _around_table(heading: str) -> tuple[str, str, str]:
    """The page before the first table below a heading, that table, and the page behind it."""
    page = PLACE.read_text()
    start = page.index("\n| ", page.index(heading)) + 1
    end = page.index("\n\n", start)
    return page[:start], page[start:end], page[end:]


def _loading_table(loaded: Sequence[Row]) -> str:
    return markdown(loading.HEADINGS, [row.cells() for row in loaded])


def write(  # noqa: PLR0913 - the parts of the page
    *,
    machine: str,
    rounds: int,
    targets: Sequence[Row],
    others: Sequence[Row],
    loaded: Sequence[Row],
    found: Mapping[str, float],
    kinds: Sequence[Sequence[str]],
    ladder: Sequence[Sequence[str]],
    ratios: Sequence[Sequence[str]],
    modules: Sequence[Sequence[str]],
    functions: Sequence[Sequence[str]],
) -> None:
    """Write the page."""
    missed = [row.what for row in (*targets, *loaded) if row.met is False]
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
            rungs=markdown(rungs.HEADINGS, ladder),
            ratios=markdown(columns.HEADINGS, ratios),
            workload_rows=WORKLOAD_ROWS,
            loaded=_loading_table(loaded),
            # Another run measures it, with what is not installed here.
            monitored=_around_table(_MONITORING)[1],
        )
    )
