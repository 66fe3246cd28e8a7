"""What a rejection says quotes nothing that a caller of the endpoint chose."""

from __future__ import annotations

from typing import Any

import pytest

from capture_forwarder.core.rejection import Rejection
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, JSON, line, parse, side

MAPPING = ColumnMapping.of("a,b", "score")
SECRET = "hunter2"  # noqa: S105 - nobody's
BYTES = b"\xff\xfe\xfa"


@pytest.mark.parametrize(
    "sent",
    [
        side("1,2", f"image/{SECRET}"),
        side("1,2", CSV, SECRET),
        side(b"1,2", f"text/csv; charset={SECRET}"),
        side(BYTES, f"text/csv; charset={SECRET}"),
        side(BYTES, f"application/{SECRET}"),
        side(BYTES, f"text/{SECRET}"),
        side(BYTES, f"{SECRET}; charset={SECRET}"),
        side(f"{SECRET}\0", CSV),
        side(f'"{SECRET}', CSV),
        side(f"{{{SECRET}", JSON),
        side(f"{SECRET}!", CSV, "BASE64") | {"data": f"{SECRET}!"},  # type: ignore[operator]
        side(b"\x93NUMPY\x01\x00\x40\x00" + SECRET.encode() * 20, "application/x-npy"),
        side(f"data: {{{SECRET}\n\n", "text/event-stream"),
        side(f'data: {{"error": "{SECRET}"}}\n\n', "text/event-stream"),
        side(f'{{"code": 424, "message": "{SECRET}"}}', JSON),
        side(f'[{{"{SECRET}": 1}}]', JSON),
    ],
)
@pytest.mark.parametrize("which", ["request", "response"])
def test_a_detail_quotes_no_words_of_a_caller(sent: Any, which: str) -> None:
    calls = {"request": (sent, side("0.5")), "response": (side("1,2"), sent)}

    parsed = parse(line(*calls[which]), MAPPING)

    assert isinstance(parsed, Rejection), parsed
    assert SECRET not in parsed.detail
