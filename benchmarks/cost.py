"""What forwarding costs on AWS: a simple model of list prices and of what was measured.

python -m benchmarks.cost

reads measured.json, which a run of the benchmark writes, and writes docs/cost.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from benchmarks import prices
from benchmarks.cost_page import PAGE
from benchmarks.prices import MILLION, Price
from benchmarks.report import markdown

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / "docs" / "cost.md"

# A function with this much memory has one whole CPU; with less, its share of it.
MEMORY_OF_A_CPU = 1769
BATCH = 1000
# Of AWS, assumed: how long S3 and the ledger let one wait, and what Lambda logs by itself.
S3_SECONDS = 0.03
LEDGER_SECONDS = 0.005
LAMBDA_LOG_BYTES = 300
# Sent by EventBridge, received and deleted by Lambda.
QUEUE_REQUESTS = 3
# Lambda's five pollers, each asking every twenty seconds.
IDLE_RECEIVES = 5 * 3 * 60 * 24 * 30
METRICS = 17
DAYS = 30
MINUTES = 24 * 60
# An environment that is idle for longer is taken to be gone.
MINUTES_KEPT = 5
GB = 1e9

SIZES = (1, 10, 100, 1_000, 10_000, 100_000)
LATENCIES = (0.02, 0.05, 0.2, 1.0)
A_DAY = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
MOST_LINES = 10_000


@dataclass(frozen=True)
class Measured:
    """What one warm invocation on a whole CPU was measured to take.

    Parameters
    ----------
    a_row, a_file
        Seconds of CPU a row, and seconds a file however small.
    cold_start
        Seconds from the process's start to the first publish.
    memory
        The most memory, in MB.
    row_bytes, log_bytes
        Bytes sent to the platform a row, and bytes logged a file.
    """

    a_row: float
    a_file: float
    cold_start: float
    memory: float
    row_bytes: float
    log_bytes: float

    @classmethod
    def read(cls) -> Measured:
        """Read what the last run of the benchmark has measured."""
        found = json.loads((HERE / "measured.json").read_text())
        return cls(
            1 / found["ours"],
            found["small file"],
            found["cold start"],
            found["memory"],
            found["bytes a row"],
            found["log bytes"] + LAMBDA_LOG_BYTES,
        )


@dataclass(frozen=True)
class Setting:
    """How the function is deployed, and how slow the platform is."""

    memory: int = 512
    in_flight: int = 12
    files: int = 1
    latency: float = 0.05
    price: Price = prices.ARM_SECOND

    @property
    def share(self) -> float:
        """The part of a CPU that one thread can have."""
        return min(1.0, self.memory / MEMORY_OF_A_CPU)


DEFAULT = Setting()


def seconds(lines: float, measured: Measured, setting: Setting) -> float:
    """How long a warm function works on one file of so many lines of one record."""
    batches = ceil(lines / BATCH)
    waits = S3_SECONDS + _writes(batches, setting) * LEDGER_SECONDS
    cpu = lines * measured.a_row / setting.share
    # Requests overlap with each other and with the reading; the last one must be waited for.
    sending = max(cpu, batches / setting.in_flight * setting.latency) + setting.latency
    return measured.a_file / setting.share + waits + sending


def _writes(batches: int, setting: Setting) -> int:
    """How many writes a file of so many batches is to the ledger: fewer if requests are quick.

    Where they are slow, a position is saved once a quarter of what may be in flight is accepted.
    """
    return 2 + (batches - 1) // max(1, setting.in_flight // 4)


def parts(lines: float, measured: Measured, setting: Setting = DEFAULT) -> dict[str, float]:
    """What one file of so many lines costs, by service, in dollars."""
    writes = _writes(ceil(lines / BATCH), setting)
    gb_seconds = seconds(lines, measured, setting) * setting.memory / 1024
    return {
        "Lambda, time": gb_seconds * setting.price.dollars,
        "Lambda, requests": prices.INVOCATION.dollars / MILLION / setting.files,
        "SQS": QUEUE_REQUESTS * prices.QUEUE.dollars / MILLION / setting.files,
        "DynamoDB": writes * prices.LEDGER.dollars / MILLION,
        "S3": prices.READ.dollars / MILLION,
        "Logs": measured.log_bytes / GB * prices.LOGS.dollars,
    }


def a_million(lines: float, measured: Measured, setting: Setting = DEFAULT) -> float:
    """What a million inferences cost in files of so many lines, in dollars."""
    return sum(parts(lines, measured, setting).values()) * MILLION / lines


def a_month(watched: int) -> float:
    """What the stack costs a month before it has forwarded anything.

    Parameters
    ----------
    watched
        How many metrics its alarms look at: CloudWatch bills an alarm by them.
    """
    idle = IDLE_RECEIVES / MILLION * prices.QUEUE.dollars
    watch = METRICS * prices.METRIC.dollars + watched * prices.ALARM.dollars
    return watch + prices.DASHBOARD.dollars + prices.SECRET.dollars + idle


def main() -> None:
    """Write the page."""
    measured = Measured.read()
    watching = (HERE.parent / "templates" / "alarms.yaml").read_text()
    alarms, watched = (watching.count(f"{name}: ") for name in ("AlarmName", "MetricName"))
    egress = measured.row_bytes * MILLION / GB * prices.EGRESS.dollars
    PLACE.write_text(
        PAGE.format(
            prices=_prices(),
            by_size=_by_size(measured),
            parts=_parts(measured),
            growth=_growth(measured, a_month(watched)),
            settings=_settings(measured),
            fixed=_money(a_month(watched)),
            metrics=METRICS,
            alarms=alarms,
            watched=watched,
            egress=_money(egress),
            row_bytes=round(measured.row_bytes),
            rate=f"{1 / measured.a_row:,.0f}",
            small=f"{measured.a_file * 1000:.0f}",
            cold=f"{measured.cold_start:.2f}",
            memory=f"{measured.memory:.0f}",
            log_bytes=f"{measured.log_bytes:,.0f}",
            s3=f"{S3_SECONDS * 1000:.0f}",
            ledger=f"{LEDGER_SECONDS * 1000:.0f}",
            cpu=MEMORY_OF_A_CPU,
            most_lines=f"{MOST_LINES:,}",
            kept=MINUTES_KEPT,
        )
    )


def _prices() -> str:
    rows = [
        [
            f"[{price.what}](https://aws.amazon.com/{_path(price)})",
            f"{price.dollars:.10g}",
            price.unit,
        ]
        for price in prices.ALL
    ]
    return markdown(("For", "Dollars", "a"), rows)


def _path(price: Price) -> str:
    return f"{price.page}/" if "pricing" in price.page else f"{price.page}/pricing/"


def _by_size(measured: Measured) -> str:
    rows = [
        [
            f"{lines:,}",
            *(
                _money(a_million(lines, measured, Setting(latency=latency)))
                for latency in LATENCIES
            ),
        ]
        for lines in SIZES
    ]
    headings = ["Lines a file", *(f"{latency * 1000:,.0f} ms a request" for latency in LATENCIES)]
    return markdown(headings, rows)


def _parts(measured: Measured) -> str:
    rows = []
    for lines in SIZES:
        costs = parts(lines, measured)
        total = sum(costs.values())
        rows.append([f"{lines:,}", *(f"{part / total:.0%}" for part in costs.values())])
    return markdown(["Lines a file", *parts(1, measured)], rows)


def _growth(measured: Measured, fixed: float) -> str:
    rows = []
    for inferences in A_DAY:
        lines = min(MOST_LINES, max(1, inferences / MINUTES))
        files = inferences / lines
        used = sum(parts(lines, measured).values()) * files * DAYS
        busy = files * seconds(lines, measured, DEFAULT)
        if files < MINUTES / MINUTES_KEPT:
            cold = measured.cold_start / DEFAULT.share * files
            used += cold * DEFAULT.memory / 1024 * DEFAULT.price.dollars * DAYS
            busy += cold
        sent = inferences * DAYS * measured.row_bytes / GB * prices.EGRESS.dollars
        rows.append(
            [
                f"{inferences:,}",
                f"{files:,.0f} of {lines:,.0f} lines",
                _money(used),
                _money(used + fixed),
                _money(sent),
                f"{busy / 86_400:.2g}",
                str(max(2, ceil(3 * busy / 86_400))),
            ]
        )
    headings = [
        "Inferences a day",
        "Files a day",
        "Use a month",
        "With the fixed part",
        "Data to the internet (1)",
        "Invocations at once",
        "`MaximumConcurrency` (2)",
    ]
    return markdown(headings, rows)


def _settings(measured: Measured) -> str:
    lines = MOST_LINES
    slow = replace(DEFAULT, latency=0.5)
    variants = {
        "the defaults": DEFAULT,
        "`MemorySize` 256": replace(DEFAULT, memory=256),
        "`MemorySize` 1024": replace(DEFAULT, memory=1024),
        "`MemorySize` 1769": replace(DEFAULT, memory=1769),
        "`Architecture` x86_64": replace(DEFAULT, price=prices.X86_SECOND),
        "invocations full, 10 files each (`BatchSize`)": replace(DEFAULT, files=10),
        "500 ms a request": slow,
        "500 ms a request, `RequestsInFlight` 1": replace(slow, in_flight=1),
        "500 ms a request, `RequestsInFlight` 32": replace(slow, in_flight=32),
    }
    small = 100
    rows = [
        [
            name,
            f"{seconds(lines, measured, setting):.2f} s",
            _money(a_million(lines, measured, setting)),
            f"{seconds(small, measured, setting):.2f} s",
            _money(a_million(small, measured, setting)),
        ]
        for name, setting in variants.items()
    ]
    headings = (
        "",
        f"A file of {lines:,} lines",
        "A million inferences",
        f"A file of {small} lines",
        "A million inferences",
    )
    return markdown(headings, rows)


def _money(dollars: float) -> str:
    if dollars >= 100:  # noqa: PLR2004 - cents no longer matter
        return f"${dollars:,.0f}"
    return f"${dollars:.2f}" if dollars >= 1 else f"${dollars:.2g}"


if __name__ == "__main__":
    main()
