"""A mapping → the settings that describe it, and what to know of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict

from capture_forwarder.core.inference import Inference
from capture_forwarder.core.schema import DataType
from capture_forwarder.inspection.proposals import Given, Proposal
from capture_forwarder.parser import Column, ColumnMapping, comma_list

_LAMBDA_ENVIRONMENT_BYTES = 4096  # AWS Lambda quotas: "Environment variables: 4 KB"


def variables_of(mapping: ColumnMapping, given: Given) -> dict[str, str]:
    """List the variables that describe a mapping, except those at their defaults.

    Parameters
    ----------
    mapping
        The mapping.
    given
        What was settled before; a CSV header that was, is named.
    """
    variables = {
        "FIDDLER_MODEL_COLUMNS": write_columns(mapping.inputs),
        "FIDDLER_MODEL_OUTPUT_COLUMN": write_columns(mapping.outputs),
        "FIDDLER_TIMESTAMP_COLUMN": mapping.timestamp or "",
        "FORWARDER_EVENT_ID_COLUMN": mapping.event_id or "",
        "FORWARDER_METADATA_COLUMNS": comma_list(
            f"{column.name}={column.source}" for column in mapping.metadata
        ),
        "FORWARDER_INPUT_PATH": mapping.input_path or "",
        "FORWARDER_OUTPUT_PATH": mapping.output_path or "",
        "FORWARDER_CSV_HEADER": "present" if mapping.csv_header else "",
        "FORWARDER_COLUMN_TYPES": write_types(mapping.types),
        "FORWARDER_SHADOW_VARIANTS": "" if mapping.shadow else "exclude",
    }
    if given.header and not mapping.csv_header:
        variables["FORWARDER_CSV_HEADER"] = "absent"
    return {name: value for name, value in variables.items() if value}


def assignments(variables: Dict[str, str]) -> list[str]:
    """Write variables as lines that a shell takes, quoted only where it has to be."""
    return [f"{name}={shlex.quote(value)}" for name, value in variables.items()]


def write_columns(columns: Sequence[Column]) -> str:
    """Write columns as `parse_columns` reads them."""
    return comma_list(
        f"{column.name}={column.source}" if column.source else column.name for column in columns
    )


def write_types(types: Dict[str, DataType]) -> str:
    """Write types as `parse_types` reads them."""
    return comma_list(f"{name}={kind.value}" for name, kind in types.items()) if types else ""


def types_in(inferences: Iterable[Inference], mapping: ColumnMapping) -> dict[str, DataType]:
    """Find the types that all values of the columns have; a column of several has none."""
    found: dict[str, set[DataType]] = {}
    for inference in inferences:
        for column in (*mapping.inputs, *mapping.outputs):
            if (value := inference.row[column.name]) is not None:
                found.setdefault(column.name, set()).add(_type_of(value))
    for kinds in found.values():
        if kinds == {DataType.INT, DataType.FLOAT}:
            kinds.remove(DataType.INT)
    return {name: min(kinds) for name, kinds in found.items() if len(kinds) == 1} | dict(
        mapping.types
    )


def _type_of(value: object) -> DataType:
    if isinstance(value, bool):
        return DataType.BOOL
    if isinstance(value, int):
        return DataType.INT
    if isinstance(value, float):
        return DataType.FLOAT
    if isinstance(value, list) and all(type(item) in {int, float} for item in value):
        return DataType.VECTOR
    return DataType.STR


def notes_on(proposal: Proposal, variables: Dict[str, str]) -> list[str]:
    """Tell what the settings do not say of themselves.

    Parameters
    ----------
    proposal
        The mapping that was found.
    variables
        Its settings.
    """
    notes = []
    if made_up := proposal.made_up:
        names = made_up[0] if len(made_up) == 1 else f"{made_up[0]} to {made_up[-1]}"
        notes.append(
            f"Positional values have no names: replace {names} by your model's column names, in "
            "this order."
        )
    if not proposal.strong:
        notes.append("No usual reading fits as many lines: look at the rows before you trust it.")
    if not proposal.mapping.inputs:
        notes.append("No columns are read from the requests: only the responses can be mapped.")
    if not proposal.mapping.outputs:
        notes.append("No columns are read from the responses: only the requests can be mapped.")
    size = sum(len(name) + len(value.encode()) for name, value in variables.items())
    if size > _LAMBDA_ENVIRONMENT_BYTES:
        notes.append(f"These settings have {size} bytes; Lambda's environment holds 4096.")
    return notes
