"""Data of every kind for both engines of the monitor, and the files that each makes of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
from typer.testing import CliRunner

from capture_forwarder.cli.app import app
from tests.support.monitoring import chance, write_csv, write_lines

HOSTILE = [
    "<script>alert(1)</script>",
    'quo"te',
    "it's",
    "back`tick`",
    "a\0b",
    "x; DROP TABLE head; --",
    "c0",
    "n_c0",
    "f",
    "damaged",
    "$bounds_c0",
    ":list_0",
    "${spark.app.name}",
    "{}",
    "a.b",
    "new\nline",
    "\\",
    "\\n",
    "naïve ✓",
    " ",
]
TEXTS = ["red", 'q"uo,te', "new\nline", "ü ✓", "1.50", "true", "-", "back\\slash", "$x", "'"]

Make = Callable[[Path], Path]


def run(*arguments: str | Path) -> tuple[int, str]:
    """Run a command of the monitor; return its exit code and what it printed."""
    done = CliRunner().invoke(app, ["monitor", *map(str, arguments)])
    return done.exit_code, done.output


def mixed(folder: Path) -> Path:
    """CSV with every type of text, fields that are empty, and line ends within quotes."""
    made = chance(1)
    rows = [
        (
            made.randrange(-50, 50),
            made.choice([f"{made.gauss(0, 1e-7):.5e}", f"{made.random():.3f}", "- 3", None]),
            made.choice(TEXTS),
            made.choice(["1", "2", "x", "1e5", "NaN", None]),
            made.choice(["true", "false"]),
            f"{made.random() * 1e9:.0f}",
        )
        for _ in range(3_000)
    ]
    return write_csv(folder / "mixed.csv", ["n", "x", "text", "odd", "flag", "id"], rows)


def hours(folder: Path) -> Path:
    """The files publisher's folders, whose files are of very different sizes."""
    made = chance(2)
    for hour, rows in ((9, 40), (10, 2_400), (11, 7), (12, 900)):
        place = folder / "rows/churn/AllTraffic/2026/03/01" / f"{hour:02}"
        for part in ("b 1.jsonl.gz", "a.jsonl.gz"):
            lines = [
                {
                    "inference_id": str(number),
                    "age": made.randrange(90),
                    "score": round(made.random(), 4),
                    "plan": made.choice(["a", "b", None]),
                    "deep": made.choice([[1, 2], {"k": 1.5}]),
                }
                for number in range(rows)
            ]
            place.mkdir(parents=True, exist_ok=True)
            text = "\n\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
            (place / part).write_bytes(gzip.compress(text.encode()))
    return folder / "rows"


def typed(folder: Path) -> Path:
    """Parquet files of all simple types, with other columns in the second one."""
    parts = folder / "typed"
    parts.mkdir()
    columns = """
        (i % 100)::TINYINT AS tiny, i::INTEGER AS whole, i * 90071992547409 AS huge,
        CASE WHEN i % 7 = 0 THEN NULL ELSE i / 8 END AS x, (i / 3)::FLOAT AS single,
        CASE i WHEN 3 THEN 'nan'::DOUBLE WHEN 4 THEN 'inf'::DOUBLE ELSE i::DOUBLE END AS edge,
        (i / 4)::DECIMAL(9, 2) AS price, i % 2 = 0 AS flag, 'v' || i % 3 AS text,
        DATE '2026-03-01' + i::INTEGER % 5 AS day,
        TIMESTAMP '2026-03-01 10:00:00' + to_milliseconds(i % 3 * 500) AS local,
        TIMESTAMPTZ '2026-03-01T10:00:00Z' + to_microseconds(i % 3 * 5) AS moment,
        TIMESTAMPTZ '2026-03-01T10:00:00Z' + to_minutes(i) AS inference_time"""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for part, more in (("0", ""), ("1", ", i AS late")):
            rows = f"range({part} * 200, 200 + {part} * 150) t(i)"
            select = f"SELECT {columns}{more} FROM {rows}"  # noqa: S608 - its own
            connection.execute(f"COPY ({select}) TO '{parts}/{part}.parquet' (FORMAT parquet)")
    return parts


def hostile(folder: Path) -> Path:
    """JSON Lines with names that are SQL, and such texts."""
    rows = [
        {
            name: number * index if index % 2 else [*TEXTS, *HOSTILE][(number + index) % 30]
            for index, name in enumerate(HOSTILE)
        }
        for number in range(60)
    ]
    return write_lines(folder / "it's [h] {o}*?.jsonl", rows)


def edges(folder: Path) -> Path:
    """Columns without values, of one value, and of numbers at a double's limits."""
    rows = [
        {
            "none": None,
            "constant": 3,
            "one": 1.5 if number == 5 else None,
            "beyond": 2**53 + number,
            "large": 10**25 * number,
            "small": 5e-324 * number,
            "minus": -0.0,
            "wide": (1.7e308, -1.7e308)[number % 2],
            "empty": "",
        }
        for number in range(20)
    ]
    return write_lines(folder / "edges.jsonl", rows)


def one_row(folder: Path) -> Path:
    """A single row."""
    return write_csv(folder / "one.csv", ["a", "b"], [(1, "x")])


def infinite(folder: Path) -> Path:
    """Numbers that no double holds, and texts that Java would read as numbers."""
    values = ["1e400", "-1e400", "2.5", "3d", "4f", "0x1p3", "1_0", "٣"]
    rows = [(value, f"{number}.5") for number, value in enumerate(values)]
    return write_csv(folder / "infinite.csv", ["a", "b"], rows)


def wide(folder: Path) -> Path:
    """More than five hundred columns."""
    made = chance(3)
    names = [f"feature {number}" for number in range(520)]
    rows = [
        {name: made.random() if index % 5 else "v" for index, name in enumerate(names)}
        for _ in range(25)
    ]
    return write_lines(folder / "wide.jsonl", rows)


SMALL: list[Make] = [mixed, hours, typed, hostile, edges, one_row, infinite]


def large(folder: Path) -> Path:
    """More rows than are looked at one by one, as JSON Lines."""
    parts = folder / "large"
    parts.mkdir()
    made = chance(4)
    for part in range(3):
        rows = [
            {
                "age": made.randrange(18, 90),
                "score": round(made.gauss(0.5, 0.2), 6),
                "rare": made.choice([None, None, 1.5, 2]),
                "plan": made.choice("abcdef"),
                "code": f"c{made.randrange(4_000)}",
            }
            for _ in range(40_000)
        ]
        write_lines(parts / f"{part}.jsonl", rows)
    return parts


def large_typed(folder: Path) -> Path:
    """The same sort of data, drifted, as Parquet."""
    path = folder / "large.parquet"
    with duckdb.connect() as connection:
        select = """SELECT (20 + hash(i) % 60)::BIGINT AS age,
            (hash(i + 1) % 1000000) / 1e6 AS score, CASE WHEN i % 3 = 0 THEN 2.0 END AS rare,
            chr(97 + (i % 7)::INTEGER) AS plan, 'c' || i % 5000 AS code
            FROM range(110000) t(i)"""
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path
