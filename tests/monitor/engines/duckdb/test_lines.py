"""The line that is blamed is the line that is wrong, as an editor counts it."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.data.relation import Kind
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.engines.duckdb.lines import place_of
from capture_forwarder.monitor.engines.duckdb.reading import LONGEST_LINE
from capture_forwarder.monitor.errors import DataError

GOOD = st.sampled_from(['{"a": 1}', '{"a": "x\u00fc"}', "{}"])
BLANK = st.sampled_from(["", "  ", "\t"])
BROKEN = ["{]", '{"a": ', '{"a": 1} {"a": 2}', '{"a": "\x00"}', "nonsense"]
NO_OBJECT = ["[1]", '{"a": 1, "a": 2}', "3"]


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, int]:
    """A file of lines of which one is wrong, gzip or not, and the number of that line."""
    before = draw(st.lists(GOOD | BLANK, max_size=12))
    lines = [*before, draw(st.sampled_from(BROKEN + NO_OBJECT)), *draw(st.lists(GOOD | BLANK))]
    data = draw(st.sampled_from(["\n", "\r\n"])).join(lines).encode()
    return gzip.compress(data) if draw(st.booleans()) else data, len(before) + 1


@given(file=files())
def test_the_line_that_is_wrong_is_named_by_its_number(
    tmp_path_factory: pytest.TempPathFactory, file: tuple[bytes, int]
) -> None:
    data, number = file
    zipped = data.startswith(b"\x1f\x8b")
    path = tmp_path_factory.mktemp("lines") / f"rows.jsonl{'.gz' if zipped else ''}"
    path.write_bytes(data)

    with open_duckdb() as engine, pytest.raises(DataError) as raised:
        engine.rows(f"FROM {engine.json_lines([str(path)], ['a'], [Kind.TEXT])}")

    assert f"at line {number} of {path}:" in raised.value.message


@pytest.mark.parametrize("read", ["gone.jsonl", "good.jsonl", "short.jsonl"])
def test_a_line_that_is_not_known_to_be_wrong_is_only_near(tmp_path: Path, read: str) -> None:
    (tmp_path / "good.jsonl").write_text('{"a": 1}\n' * 9)
    (tmp_path / "short.jsonl").write_text('{"a": 1}\n')
    text = f'Malformed JSON in file "{tmp_path / read}", at byte 2 in line 3: unexpected character.'

    assert place_of(text) == f" near line 3 of {tmp_path / read}"


def test_a_count_that_is_right_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}\n{]\n')

    assert place_of(f'Malformed JSON in file "{path}", at byte 2 in line 3: x') == (
        f" at line 3 of {path}"
    )
    assert place_of("CSV Error on Line: 7") == " at line 7"
    assert place_of("something else") == ""


def test_a_line_that_is_longer_than_any_that_is_read_is_not_held_to_be_counted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n')
    os.truncate(path, 6 * LONGEST_LINE)

    tracemalloc.start()
    told = place_of(f'Malformed JSON in file "{path}", at byte 2 in line 3: x')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert told == f" near line 3 of {path}"
    assert peak < 3 * LONGEST_LINE
