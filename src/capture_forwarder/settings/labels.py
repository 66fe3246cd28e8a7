"""Where a route finds labels (ground truth), and which inferences they are for."""

from pydantic import Field

from capture_forwarder.core.label_mapping import ID, LabelColumn, LabelMapping
from capture_forwarder.parser import comma_list, parse_columns
from capture_forwarder.settings.base import Model, Text
from capture_forwarder.settings.entries import Columns
from capture_forwarder.settings.names import ONLY_ROUTE

LONGEST_DELAY = 900
"""The most seconds that SQS keeps a message back."""


class LabelSettings(Model):
    """Where labels (ground truth) are, and which inferences they are for."""

    id: Text = Field(ID, description="the column of tables that holds the id")
    columns: Columns = Field(
        (), description="the columns that labels fill, as column or column=name in the files"
    )
    time: Text | None = Field(None, description="the column of tables with the time of a label")
    delay: int = Field(
        0, ge=0, le=LONGEST_DELAY, description="seconds that a new file waits in the queue"
    )
    inferences: Text = Field(ONLY_ROUTE, description="the route whose inferences are labelled")
    features: Text | None = Field(
        None,
        description="DuckDB file, or folder of files, with the inferences (OpenScale)",
    )

    @property
    def mapping(self) -> LabelMapping:
        """The mapping that these settings describe."""
        columns = parse_columns(comma_list(self.columns))
        named = tuple(LabelColumn(one.name, one.source) for one in columns)
        return LabelMapping(self.id, named, self.time)
