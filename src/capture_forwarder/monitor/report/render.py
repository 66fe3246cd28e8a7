"""Documents → the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra
from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.report import histogram, quality, wording
from capture_forwarder.monitor.report.documents import Document, Documents, inner, number, text
from capture_forwarder.monitor.report.features import features_of
from capture_forwarder.monitor.report.quality import quality_of
from capture_forwarder.monitor.report.runs import Outcome, outcome_of, strip
from capture_forwarder.monitor.report.violations import (
    Severity,
    Violation,
    grouped,
    violations_of,
)
from capture_forwarder.monitor.report.wording import short_time, visible

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class Verdict:
    """What the page says first: how it ended, in a few words, what that means, how bad it is."""

    outcome: Outcome
    headline: str
    sentence: str
    severity: str = ""


def render_report(documents: Documents, now: datetime) -> str:
    """Write the page of an execution.

    Parameters
    ----------
    documents
        The execution, and what is known beside it.
    now
        The time that the page says it was made at.

    Returns
    -------
    str
        A whole HTML document. It has no script and no address, and every text of the data is
        escaped.

    Raises
    ------
    MissingExtraError
        Jinja is not installed.
    """
    return page_template("report.html").render(**_facts(documents, now))


def page_template(name: str) -> jinja2.Template:
    """Load a page's template, which escapes whatever is put into it.

    Raises
    ------
    MissingExtraError
        Jinja is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415 - an extra that the Lambda package does not hold
    except ImportError as error:
        raise MissingExtraError("The report", "jinja2", Extra.MONITOR) from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": visible,
        "number": wording.short_number,
        "figure": wording.figure,
        "percent": wording.percent,
        "time": short_time,
    }
    return environment.get_template(name)


def _facts(documents: Documents, now: datetime) -> dict[str, object]:
    found = violations_of(documents.violations)
    judged = documents.quality or documents
    of_quality = violations_of(judged.violations)
    both = [*found, *(of_quality if documents.quality else [])]
    features = features_of(documents, found)
    dataset = inner(documents.statistics, "dataset")
    return {
        "box": histogram,
        "side": quality.SIDE,
        "execution": documents.execution,
        "title": _title(documents.execution),
        "verdict": _verdict(documents, both, features.violating),
        "facts": _list_of_facts(documents, dataset),
        "notes": _notes(documents.execution),
        "runs": strip(documents.history, documents.execution),
        "groups": grouped(both),
        "features": features,
        "quality": quality_of(judged, of_quality),
        "made": short_time(now.astimezone(UTC).isoformat()),
    }


def _title(execution: Document) -> str:
    names = [text(execution.get(key)) for key in ("endpoint", "schedule")]
    return visible(" · ".join(name for name in names if name) or "Monitoring report")


def _verdict(documents: Documents, violations: list[Violation], violating: int) -> Verdict:
    message = visible(text(documents.execution.get("message")))
    outcome = outcome_of(documents.execution, len(violations))
    if outcome is Outcome.FAILED:
        return Verdict(outcome, "Failed", message)
    if outcome is Outcome.VIOLATED:
        headline = counted(len(violations), "violation", "violations")
        features = counted(violating, "feature", "features")
        where = f"{features} of the data differ from the baseline." if violating else message
        worst = min((one.severity for one in violations), default=Severity.HIGH)
        return Verdict(outcome, headline, where, worst.word.lower())
    if outcome is Outcome.NO_DATA:
        return Verdict(outcome, "No data", message or "No call was captured in this window.")
    return Verdict(outcome, "No violations", "Everything is as the baseline asks.")


def _list_of_facts(documents: Documents, dataset: Document) -> list[tuple[str, str]]:
    """What stands below the verdict: names and values, only those that are known."""
    execution = documents.execution
    start, end = (short_time(execution.get(key)) for key in ("window_start", "window_end"))
    rows = number(dataset.get("item_count"))
    before = number(inner(documents.baseline, "dataset").get("item_count"))
    known = {
        "Window (UTC)": f"{start or 'all'} to {end or 'now'}" if start or end else "",
        "Rows": wording.short_number(rows) if rows is not None else "",
        "Rows of the baseline": wording.short_number(before) if before is not None else "",
        "Drift measured by": visible(text(execution.get("drift_method"))),
        "Checked at (UTC)": short_time(execution.get("started")),
    }
    return [(name, value) for name, value in known.items() if value]


def _notes(execution: Document) -> list[str]:
    found = execution.get("notes")
    return [visible(text(one)) for one in found if one] if isinstance(found, list) else []
