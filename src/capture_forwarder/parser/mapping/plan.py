"""What a route wants of the request or of the response of a call."""

from __future__ import annotations

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.mapping.columns import Column, ColumnMapping


class PayloadPlan(msgspec.Struct, frozen=True):
    """What a route wants of the request or of the response.

    Parameters
    ----------
    name
        "request" or "response", for rejections.
    missing
        The reason to give when it was not captured.
    columns
        The columns in captured order; at least one.
    path
        JMESPath that selects the records inside a JSON document.
    header
        Whether CSV starts with a header row.
    answer
        Whether it is the response, which can tell of an error, and may do without a header.
    alone
        Whether the other payload has no columns, so that its number of records decides nothing.
    """

    name: str
    missing: Reason
    columns: tuple[Column, ...]
    path: str | None = None
    header: bool = False
    answer: bool = False
    alone: bool = False


def plans_of(mapping: ColumnMapping) -> tuple[PayloadPlan, PayloadPlan]:
    """What a mapping wants of the request, and what of the response."""
    request = PayloadPlan(
        "request",
        Reason.MISSING_INPUT,
        mapping.inputs,
        mapping.input_path,
        mapping.csv_header,
        alone=not mapping.outputs,
    )
    response = PayloadPlan(
        "response",
        Reason.MISSING_OUTPUT,
        mapping.outputs,
        mapping.output_path,
        mapping.csv_header,
        answer=True,
        alone=not mapping.inputs,
    )
    return request, response
