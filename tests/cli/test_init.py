"""`capture-forwarder init` with folders of captures: its routes are right, and so are the rows."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.captures import line, side
from tests.support.made_up_calls import made_up

FIELD = Path(__file__).parents[3] / "shared/cases/field"
HOUR = "2026/03/01/10"


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")


@contextmanager
def place_of_its_own() -> Iterator[None]:
    """Work in a new folder: hypothesis runs a test many times in the fixture's one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def drafted(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """What `init` says of itself, with the options `--publisher duckdb`."""
    options = [] if "--publisher" in arguments else ["--publisher", "duckdb"]
    shown = run("init", *arguments, *options, "--json", exit_code=exit_code)
    return dict(json.loads(shown.stdout))


def capture(
    *lines: bytes, endpoint: str = "churn", variant: str = "AllTraffic", name: str = "20-30-123-a"
) -> Path:
    folder = Path("captures", endpoint, variant, HOUR)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def call(request: str = "41,5.5", response: str = "0.7", event_id: str = "e-1") -> bytes:
    return line(side(request), side(response), eventId=event_id)


def forwarded() -> dict[str, tuple[int, int]]:
    """Route → the lines that `forward` reads as rows or as empty by it, and all lines."""
    shown = run("forward", "captures", "--routes", "routes.yaml", "--json").stdout
    routes = json.loads(shown.splitlines()[-1])["summary"]["routes"]
    return {
        name: (found["forwarded"] + found["empty"], found["lines"])
        for name, found in routes.items()
    }


def rows_of(route: str) -> list[dict[str, Any]]:
    with duckdb.connect("capture-forwarder.duckdb") as database:
        found = database.sql(f'FROM "{route}"')
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


# --- whatever the captures are --------------------------------------------------------------


@dataclass(frozen=True)
class Calls:
    """The calls of an endpoint, each with one row."""

    shape: str
    rows: tuple[tuple[object, ...], ...]

    @property
    def inputs(self) -> list[str]:
        """The names of its inputs, as inspection gives them to values that have none."""
        return [f"{'f' if self.shape == 'csv' else 'in'}{n}" for n in range(len(self.rows[0]) - 1)]

    def lines(self, endpoint: str) -> list[bytes]:
        """Its lines; the last value of a row is the score."""
        return [
            line(*self._sides(row), eventId=f"{endpoint}-{number}")
            for number, row in enumerate(self.rows)
        ]

    def _sides(self, row: tuple[object, ...]) -> tuple[object, object]:
        *values, score = row
        if self.shape == "csv":
            return side(",".join(map(str, values))), side(str(score))
        named = dict(zip(self.inputs, values, strict=True))
        request: object = {"instances": [named]} if self.shape == "instances" else named
        response = (
            {"predictions": [{"score": score}]} if self.shape == "instances" else {"score": score}
        )
        return (
            side(json.dumps(request), "application/json"),
            side(json.dumps(response), "application/json"),
        )


def rows(width: int) -> st.SearchStrategy[tuple[tuple[object, ...], ...]]:
    kinds = st.tuples(*[st.sampled_from([int, float, str])] * width)
    of_kind = {
        int: st.integers(-1000, 1000),
        float: st.floats(-1e6, 1e6).map(lambda number: round(number, 3) + 0.5),
        str: st.text("bcxyz", min_size=1, max_size=6),
    }
    return kinds.flatmap(
        lambda types: st.lists(
            st.tuples(*(of_kind[kind] for kind in types), st.floats(0, 1)), min_size=1, max_size=4
        ).map(tuple)
    )


CALLS = st.builds(
    Calls, st.sampled_from(["csv", "named", "instances"]), st.integers(1, 4).flatmap(rows)
)
ENDPOINTS = st.dictionaries(
    st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,8}", fullmatch=True), CALLS, min_size=1, max_size=3
)


@settings(max_examples=10)
@given(ENDPOINTS)
def test_its_routes_pass_the_check_and_bring_the_right_rows(endpoints: dict[str, Calls]) -> None:
    with place_of_its_own():
        for endpoint, calls in endpoints.items():
            capture(*calls.lines(endpoint), endpoint=endpoint)

        draft = drafted("captures")
        run("routes", "check", "routes.yaml")
        forwarded()

        routes = {route["match"]["endpoint"]: route for route in draft["routes"]}
        assert routes.keys() == endpoints.keys()
        for endpoint, calls in endpoints.items():
            route = routes[endpoint]
            found = {row["inference_id"]: row for row in rows_of(route["name"])}
            assert len(found) == len(calls.rows)
            for number, row in enumerate(calls.rows):
                got = found[f"{endpoint}-{number}"]
                assert [got[name] for name in (*calls.inputs, "score")] == [*map(same, row)]


def same(value: object) -> object:
    return pytest.approx(value) if isinstance(value, float) else value


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_what_it_says_of_hostile_captures_is_what_forward_does(one: int, two: int) -> None:
    with place_of_its_own():
        for endpoint, seed in (("a", one), ("b", two)):
            capture(*made_up(seed)[0], endpoint=endpoint)
        shown = CliRunner().invoke(app, ["init", "captures", "--publisher", "duckdb", "--json"])
        if shown.exit_code == 2:
            assert "can be read as rows" in shown.output
            return
        assert shown.exit_code == 0, shown.output

        draft = json.loads(shown.stdout)
        run("routes", "check", "routes.yaml")
        counts = forwarded()

        for route in draft["routes"]:
            assert counts[route["name"]] == (route["lines_read"], route["lines"])


@pytest.mark.skipif(not FIELD.exists(), reason="the shared cases are not here")
@pytest.mark.parametrize("name", sorted(path.stem for path in FIELD.glob("*.jsonl")))
def test_captures_from_the_field_become_routes_that_read_as_many_lines_as_inspect(
    name: str,
) -> None:
    text = (FIELD / f"{name}.jsonl").read_bytes()
    capture(*text.splitlines())

    (inspected,) = json.loads(run("inspect", "captures", "--json").stdout)["endpoints"]
    if inspected["settings"] is None:
        assert (
            "can be read as rows"
            in run("init", "captures", "--publisher", "duckdb", exit_code=2).stderr
        )
        return
    (route,) = drafted("captures")["routes"]
    run("routes", "check", "routes.yaml")
    counts = forwarded()

    (facts,) = inspected["files"]
    assert counts[route["name"]] == (facts["mapped"] + facts["empty"], facts["lines"])
    preview, stored = inspected["preview"], rows_of(route["name"])
    assert len(stored) >= len({one["id"] for one in preview}) > 0
    assert preview[0]["row"].keys() <= stored[0].keys()
