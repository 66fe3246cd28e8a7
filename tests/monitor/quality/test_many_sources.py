"""Predictions and labels that come source by source are those that came at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.quality import (
    ProblemType,
    Question,
    Source,
    judge,
    quality_statistics,
)
from tests.support.quality import NOW, captured, csv_file, json_lines, labelled, measured, source

QUESTION = Question(ProblemType.REGRESSION, prediction="p", label="y", id="i")
IDS = st.sampled_from("abcdef")
Pairs = list[tuple[str, int]]
PAIRS: st.SearchStrategy[list[Pairs]] = st.lists(
    st.lists(st.tuples(IDS, st.integers(-5, 5)), min_size=1, max_size=6), min_size=1, max_size=4
)


def in_turn(
    folder: Path, columns: Sequence[str], parts: list[Pairs], kind: str
) -> Iterator[Source]:
    """A source for each part, whose file is gone when the next one is asked for."""
    for pairs in parts:
        folder.mkdir()
        if kind == "csv":
            path = csv_file(folder / "x.csv", pairs, *columns)
        else:
            rows = [dict(zip(columns, pair, strict=True)) for pair in pairs]
            path = json_lines(folder / "x.jsonl", rows)
        yield Source("the data", (path,))
        shutil.rmtree(folder)


@given(predicted=PAIRS, true=PAIRS, kinds=st.permutations(["csv", "jsonl"]))
def test_sources_in_turn_are_judged_as_one(
    tmp_path_factory: pytest.TempPathFactory,
    predicted: list[Pairs],
    true: list[Pairs],
    kinds: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("sources")
    whole = csv_file(folder / "p.csv", [one for part in predicted for one in part], "i", "p")
    labels = csv_file(folder / "y.csv", [one for part in true for one in part], "i", "y")
    at_once = measured(QUESTION, source(whole), source(labels))

    with open_duckdb() as engine:
        judged = judge(
            engine,
            QUESTION,
            in_turn(folder / "predictions", ("i", "p"), predicted, kinds[0]),
            in_turn(folder / "labels", ("i", "y"), true, kinds[1]),
        )
        apart = quality_statistics(judged, NOW)

    assert apart == at_once


def judged(question: Question, *predictions: Source) -> dict[str, Any]:
    with open_duckdb() as engine:
        return quality_statistics(judge(engine, question, predictions), NOW)


def test_labels_beside_predictions_are_found_in_every_source(tmp_path: Path) -> None:
    merged = [captured(one, one) | labelled(one, one) for one in "123"]
    first = json_lines(tmp_path / "a.jsonl", merged[:1])
    empty = json_lines(tmp_path / "b.jsonl", [])
    blank = tmp_path / "c.jsonl"
    blank.write_text("\n\n")
    last = json_lines(tmp_path / "d.jsonl", merged[1:])
    question = Question(ProblemType.REGRESSION, prediction="0")

    found = judged(question, *map(source, (empty, blank, first, last)))

    assert found["dataset"]["coverage"]["judged"] == 3
    assert found["regression_metrics"]["mae"]["value"] == 0


def test_a_name_that_only_some_sources_have_is_no_mistake_and_one_that_none_has_is(
    tmp_path: Path,
) -> None:
    without = json_lines(tmp_path / "a.jsonl", [{"i": "1", "y": 2}])
    with_it = json_lines(tmp_path / "b.jsonl", [{"i": "2", "p": 2, "y": 2}])

    found = judged(QUESTION, source(without), source(with_it))

    assert (
        found["dataset"]["coverage"] | {"judged": 1, "unusable": 1}
        == (found["dataset"]["coverage"])
    )
    with pytest.raises(UsageError, match="has a value for 'p'"):
        judged(QUESTION, source(without), source(without))
    assert judged(QUESTION)["dataset"]["item_count"] == 0


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_lines_of_model_monitor_among_others_are_refused_and_never_passed_over(
    tmp_path: Path, first: int, *, apart: bool
) -> None:
    kinds = [labelled("1", "2"), {"i": "1", "y": 2}]
    lines = [kinds[first], kinds[1 - first]]
    if apart:
        truths = [json_lines(tmp_path / f"{n}.jsonl", [line]) for n, line in enumerate(lines)]
    else:
        truths = [json_lines(tmp_path / "all.jsonl", lines)]
    predictions = csv_file(tmp_path / "p.csv", [("1", 2)], "i", "p")

    with open_duckdb() as engine, pytest.raises(UsageError, match="folders of their own"):
        judge(engine, QUESTION, [source(predictions)], [source(path) for path in truths])
    with open_duckdb() as engine, pytest.raises(UsageError, match="folders of their own"):
        judge(engine, QUESTION, [source(path) for path in truths], [source(predictions)])
