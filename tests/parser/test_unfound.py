"""Names that no line of a file has are known at its end, and what the calls have instead."""

from __future__ import annotations

import json

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.parser import ColumnMapping, LineParser, NeverFound
from tests.support.captures import JSON, SOURCE, line, side

MAPPING = ColumnMapping.of("income,incme", "score")


def parsed(request: object, response: object = None) -> ParsedLine:
    sides = (side(json.dumps(one), JSON) for one in (request, response or {"score": 0.5}))
    found = LineParser(MAPPING).for_file(SOURCE)(line(*sides))
    assert isinstance(found, ParsedLine), found
    return found


def never(*lines: ParsedLine) -> NeverFound:
    found = NeverFound()
    for one in lines:
        found.add(one)
    return found


def test_a_name_that_no_line_has_is_named_with_what_the_request_has() -> None:
    found = never(parsed({"income": 1, "plan": 2}), parsed({"income": 3, "plan": 4}))

    assert found.columns == ("incme",)
    assert found.sentences() == ["`incme` was never found; the request has income, plan."]


def test_its_column_is_there_as_null() -> None:
    (inference,) = parsed({"income": 1, "plan": 2}).inferences

    assert inference.row == {"income": 1, "incme": None, "score": 0.5}


def test_one_line_that_has_it_is_enough() -> None:
    without, having = parsed({"income": 1}), parsed({"incme": 1})

    assert never(without, having).columns == ()
    assert never(having, without).sentences() == []
    assert never(without, parsed([1, 2])).columns == ()


def test_records_of_one_call_have_it_together() -> None:
    both = parsed([{"income": 1}, {"incme": 2}], [{"score": 0.5}] * 2)

    assert both.unfound is None


def test_lines_of_plain_numbers_have_every_column() -> None:
    found = never(parsed({"income": 1}))

    found.found_all()

    assert found.columns == ()


def test_empty_calls_say_nothing() -> None:
    empty = LineParser(MAPPING).for_file(SOURCE)(line(side(""), side("")))
    assert isinstance(empty, ParsedLine)

    assert never(parsed({"income": 1}), empty).columns == ("incme",)
