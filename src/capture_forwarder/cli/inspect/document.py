"""What `inspect` found out, as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from capture_forwarder.inspection import FileFacts, Inspection
from capture_forwarder.labels.looking import LabelTable


def inspections_json(
    inspections: Sequence[Inspection], tables: Sequence[LabelTable] = ()
) -> dict[str, object]:
    """Write the facts of all endpoints as a JSON document, and those of tables."""
    found: dict[str, object] = {
        "endpoints": [_inspection(inspection) for inspection in inspections]
    }
    if tables:
        found["tables"] = [{"file": one.name, "columns": list(one.columns)} for one in tables]
    return found


def spread_of(numbers: Sequence[int]) -> dict[str, float] | None:
    """The least, the middle and the greatest; None of no numbers."""
    if not numbers:
        return None
    return {"min": min(numbers), "median": median(numbers), "max": max(numbers)}


def _inspection(inspection: Inspection) -> dict[str, object]:
    capture_file = inspection.files[0].sample.capture_file
    return {
        "endpoint": capture_file.endpoint,
        "variant": capture_file.variant,
        "settings": dict(inspection.variables) if inspection.mapping else None,
        "types": {name: kind.value for name, kind in inspection.types.items()},
        "notes": list(inspection.notes),
        "files": [_file(facts) for facts in inspection.files],
        "preview": [{"id": inference.id, "row": inference.row} for inference in inspection.preview],
    }


def _file(facts: FileFacts) -> dict[str, object]:
    return {
        "file": facts.sample.name,
        "hour": facts.sample.capture_file.capture_hour,
        "problem": facts.sample.problem or None,
        "lines": facts.lines,
        "complete": facts.sample.complete,
        "capture_lines": facts.captured,
        "label_lines": facts.labels,
        "mapped": facts.mapped,
        "empty": facts.empty,
        "records_a_call": spread_of(facts.records),
        "sides": [
            {
                "side": kind.side,
                "content_type": kind.content_type or None,
                "encoding": kind.encoding or None,
                "read_as": kind.form,
                "calls": count,
            }
            for kind, count in facts.sides.most_common()
        ],
        "widths": {side: dict(widths) for side, widths in facts.widths.items()},
        "rejected": [
            {
                "reason": reason,
                "lines": refused.count,
                "example_line": refused.line,
                "detail": refused.detail,
            }
            for reason, refused in facts.refused.items()
        ],
    }
