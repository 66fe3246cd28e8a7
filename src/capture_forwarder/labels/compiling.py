"""A route's label settings and what its platform says of the model → what parses its lines."""

from __future__ import annotations

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.label_mapping import LabelMapping
from capture_forwarder.core.ports import StoredInferences
from capture_forwarder.core.schema import Schema
from capture_forwarder.labels.assigning import LabelParser
from capture_forwarder.labels.known_rows import KnownRows
from capture_forwarder.parser import ColumnMapping, LabelTyper, RouteParser, compile_mapping


class LabelCompiler:
    """Makes the parser of a route with labels; see `forwarding.preparation.Compile`.

    Parameters
    ----------
    labels
        Where the labels are.
    captures
        How the captures in Model Monitor's merged lines become rows; without columns, only how
        many rows a call has is read of them.
    stored
        Where the inferences are that labels belong to, if they are in a store of ours.
    with_features
        Whether the platform takes a label only together with the inputs of its inference.
    """

    def __init__(
        self,
        labels: LabelMapping,
        captures: ColumnMapping,
        stored: StoredInferences | None = None,
        *,
        with_features: bool = False,
    ) -> None:
        self._labels = labels
        self._captures = captures
        self._stored = stored
        self._features = tuple(one.name for one in captures.inputs) if with_features else ()

    def __call__(self, schema: Schema) -> RouteParser:
        """Compile for what the platform knows of the model.

        Raises
        ------
        PublisherMisconfiguredError
            Labels cannot fill one of the columns.
        """
        typer = LabelTyper(self._labels, schema)
        unknown = [name for name in typer.names if name not in schema.labels]
        if schema.labels and unknown:
            names = ", ".join(map(repr, unknown))
            message = f"Labels cannot fill the column {names}: it is no target of the model."
            advice = (
                f"Its targets are: {', '.join(schema.labels)}. Correct FORWARDER_LABEL_COLUMNS."
            )
            raise PublisherMisconfiguredError(message, advice)
        return LabelParser(
            self._labels.id,
            typer,
            compile_mapping(self._captures, schema),
            time_column=schema.timestamp_column,
            known=None if self._stored is None else KnownRows(self._stored),
            features=self._features,
        )
