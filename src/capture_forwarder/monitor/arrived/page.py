"""What has arrived → one HTML page, in the style of the monitoring report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from capture_forwarder.monitor.arrived.counting import Arrived, EndpointArrivals
from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.report.render import page_template
from capture_forwarder.monitor.report.wording import short_time


def render_arrivals(arrivals: Sequence[EndpointArrivals], place: str, now: datetime) -> str:
    """Write the page.

    Parameters
    ----------
    arrivals
        What has arrived.
    place
        Where it is, as the user named it.
    now
        The time that the page says it was made at.

    Returns
    -------
    str
        A whole HTML document without any script, in which every text of the data is escaped.

    Raises
    ------
    MissingExtraError
        Jinja is not installed.
    """
    totals = [each.total for each in arrivals]
    refused = sum(sum(one.refused.values()) for one in totals)
    rows = sum(one.rows for one in totals)
    return page_template("arrived.html").render(
        place=place,
        headline=counted(rows, "row has arrived", "rows have arrived"),
        sentence=f"Of {counted(len(totals), 'endpoint', 'endpoints')}; "
        f"{counted(refused, 'entry is', 'entries are')} in the quarantine.",
        tone="fine" if not refused else "medium" if rows else "high",
        arrivals=arrivals,
        reasons=_reasons,
        hour=lambda one: short_time(one.hour.isoformat()) if one.hour else "unknown",
        made=short_time(now.astimezone(UTC).isoformat()),
    )


def _reasons(one: Arrived) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(one.refused.items()))
