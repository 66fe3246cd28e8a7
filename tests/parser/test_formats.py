"""docs/formats.md says what happens: each row of its tables is run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.captures import CSV, JSON, side, values

DOCUMENT = Path(__file__).parents[2] / "docs/formats.md"
CODE = re.compile(r"`([^`]*)`")


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    table = section[section.index("|---") :].split("\n\n")[0]
    return [line.strip("|").split(" | ") for line in table.splitlines()[1:]]


def text(cell: str) -> str:
    found = CODE.search(cell)
    assert found, cell
    # Where JSON has the escape, the page has two backslashes.
    whole = found[1].replace("\\\\n", "\0").replace("\\n", "\n").replace("\\r", "\r")
    return whole.replace("\0", "\\n")


def columns(cell: str) -> tuple[str, str]:
    inputs, outputs = CODE.findall(cell)
    return inputs, outputs


EXAMPLES = [(heading, row) for heading in ("CSV", "JSON") for row in rows_of(heading)]


@pytest.mark.parametrize("encoding", [None, "BASE64"])
@pytest.mark.parametrize(
    ("heading", "row"), EXAMPLES, ids=[f"{heading}: {row[0].strip()}" for heading, row in EXAMPLES]
)
def test_a_documented_payload_becomes_the_documented_rows(
    heading: str, row: list[str], encoding: str | None
) -> None:
    _, request, response, names, expected = row
    kind = CSV if heading == "CSV" else JSON

    found = values(
        side(text(request), kind, encoding), side(text(response), kind, encoding), *columns(names)
    )

    assert found == json.loads(CODE.findall(expected)[0])


TYPED = rows_of("JSON Lines, text and streams")


@pytest.mark.parametrize("encoding", [None, "BASE64"])
@pytest.mark.parametrize("row", TYPED, ids=[row[0].strip("| ") for row in TYPED])
def test_a_payload_of_a_documented_content_type_becomes_the_documented_rows(
    row: list[str], encoding: str | None
) -> None:
    _, kinds, request, response, names, expected = row
    asked, answered = columns(kinds)

    found = values(
        side(text(request), asked, encoding),
        side(text(response), answered, encoding),
        *columns(names),
    )

    assert found == json.loads(CODE.findall(expected)[0].replace("\\\\n", "\\n"))


@pytest.mark.parametrize("row", rows_of("Rejections"), ids=lambda row: row[0].strip())
def test_a_documented_rejection_has_the_documented_reason(row: list[str]) -> None:
    request, response, names, reason = row
    looks = {"{": JSON, "[": JSON, "d": "text/event-stream", "<": "text/html"}
    kinds = [looks.get(text(payload)[:1], CSV) for payload in (request, response)]

    found = values(side(text(request), kinds[0]), side(text(response), kinds[1]), *columns(names))

    assert found == reason.strip()
