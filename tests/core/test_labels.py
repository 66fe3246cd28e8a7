"""Of several labels of one inference, the last one counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.core.line import Line

NAMES = ("label", "other")
VALUES = st.one_of(st.none(), st.integers(0, 3))
LABELS = st.lists(st.tuples(st.sampled_from("abc"), VALUES, VALUES), min_size=1, max_size=12)


def batch_of(labels: list[tuple[str, int | None, int | None]]) -> Batch:
    inferences = [
        Inference(name, NAMES, values) for name, *rest in labels for values in [tuple(rest)]
    ]
    return Batch.of(inferences, Line(1, 0, b"", 0))


@given(LABELS)
def test_each_column_has_the_last_value_that_is_known(
    labels: list[tuple[str, int | None, int | None]],
) -> None:
    expected: dict[str, dict[str, object]] = {}
    for name, label, other in labels:
        row = expected.setdefault(name, {})
        row.update({k: v for k, v in (("label", label), ("other", other)) if v is not None})

    latest = latest_labels(batch_of(labels))

    assert latest.rows == expected


@given(LABELS)
def test_every_line_is_stood_for_by_one_label_in_the_order_of_last_lines(
    labels: list[tuple[str, int | None, int | None]],
) -> None:
    latest = latest_labels(batch_of(labels))

    assert sorted(index for each in latest.indexes for index in each) == list(range(len(labels)))
    for name, indexes in zip(latest.rows, latest.indexes, strict=True):
        assert {labels[index][0] for index in indexes} == {name}
    last = [indexes[-1] for indexes in latest.indexes]
    assert last == sorted(last)


@given(LABELS, st.sets(st.integers(0, 2)), st.sets(st.integers(0, 2)))
def test_what_becomes_of_a_label_becomes_of_all_lines_that_it_stands_for(
    labels: list[tuple[str, int | None, int | None]], refused: set[int], again: set[int]
) -> None:
    latest = latest_labels(batch_of(labels))
    names = list(latest.rows)
    refused = {n for n in refused if n < len(names)}
    again = {n for n in again - refused if n < len(names)}

    failed = dict.fromkeys(sorted(again)[1:], "failed")
    receipt = latest.receipt(dict.fromkeys(refused, "no"), sorted(again), 2.0, failed)

    assert {labels[index][0] for index in receipt.refused} == {names[n] for n in refused}
    assert len(receipt.refused) == sum(
        labels[i][0] in {names[n] for n in refused} for i in range(len(labels))
    )
    assert list(receipt.again) == sorted(receipt.again)
    assert {labels[index][0] for index in receipt.again} == {names[n] for n in again}
    assert {labels[index][0] for index in receipt.failed} == {names[n] for n in failed}
    assert receipt.failed.keys() <= set(receipt.again)
    assert receipt.retry_after == 2.0


@given(LABELS)
def test_the_batch_of_the_latest_has_one_row_for_each_at_its_last_line(
    labels: list[tuple[str, int | None, int | None]],
) -> None:
    batch = batch_of(labels)
    latest = latest_labels(batch)

    reduced = latest.batch_of(batch)

    assert [one.id for one in reduced.inferences] == list(latest.rows)
    assert len(reduced) == len(reduced.line_slices)
    assert {one.names for one in reduced.inferences} == {NAMES}
