"""The labels of a batch, of which the last one of each inference counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from capture_forwarder.core.batch import Batch, Receipt
from capture_forwarder.core.inference import Inference, Row


class LatestLabels(msgspec.Struct, frozen=True):
    """The labels of a batch, one for each inference.

    Parameters
    ----------
    rows
        The id of an inference → its labels, in the order of their last lines. There is no value
        that is null: it says that the label is not known, never that it is none.
    indexes
        For each of them, ascending, the indexes in the batch that it stands for.
    """

    rows: Mapping[str, Row]
    indexes: Sequence[Sequence[int]]

    def batch_of(self, batch: Batch) -> Batch:
        """The batch that they were taken from, without the lines that later ones replace."""
        names = batch.inferences[0].names
        inferences = [
            Inference(name, names, tuple(map(row.get, names))) for name, row in self.rows.items()
        ]
        return replace(batch.select([each[-1] for each in self.indexes]), inferences=inferences)

    def receipt(
        self,
        refused: Mapping[int, str],
        again: Sequence[int] = (),
        retry_after: float | None = None,
        failed: Mapping[int, str] | None = None,
    ) -> Receipt:
        """Say what became of the batch when this became of its latest labels.

        Parameters
        ----------
        refused, again, retry_after, failed
            See `Receipt`; the indexes are those of the rows.
        """
        return Receipt(
            self._of_all(refused),
            sorted(index for at in again for index in self.indexes[at]),
            retry_after,
            self._of_all(failed or {}),
        )

    def _of_all(self, said: Mapping[int, str]) -> Mapping[int, str]:
        return {index: words for at, words in said.items() for index in self.indexes[at]}


def latest_labels(batch: Batch) -> LatestLabels:
    """Take the last label of each inference; a column that it lacks keeps its earlier value."""
    rows: dict[str, Row] = {}
    indexes: dict[str, list[int]] = {}
    for index, inference in enumerate(batch.inferences):
        # What comes later stands later, so that the order is that of the last lines.
        rows[inference.id] = {**rows.pop(inference.id, {}), **_known(inference)}
        indexes[inference.id] = [*indexes.pop(inference.id, []), index]
    return LatestLabels(rows, list(indexes.values()))


def _known(inference: Inference) -> Row:
    return {name: value for name, value in inference.row.items() if value is not None}
