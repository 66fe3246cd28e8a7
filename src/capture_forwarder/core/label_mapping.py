"""Where a route finds labels (ground truth) in its files, as a person configures it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

LABEL = "label"
"""What a column of labels is called where neither settings nor the platform name it."""

ID = "id"
"""What the column with ids is called where settings do not name it."""


class LabelColumn(msgspec.Struct, frozen=True):
    """A column that labels fill and, where it differs, the name of the label in the files."""

    name: str
    source: str | None = None


class LabelMapping(msgspec.Struct, frozen=True):
    """Where the lines of a route hold labels.

    Parameters
    ----------
    id
        The column of a table with the id of the inference, or of its call. Ground truth in
        SageMaker's format has a place of its own for it.
    columns
        The columns that labels fill; without any, those that the platform names, else `LABEL`.
    time
        The column of a table with the time of a label, if it has one.
    """

    id: str = ID
    columns: Sequence[LabelColumn] = ()
    time: str | None = None
