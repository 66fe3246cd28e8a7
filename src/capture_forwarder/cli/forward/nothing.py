"""Why not one row has arrived, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from capture_forwarder.cli.forward.outcomes import Outcome, Sending, add_up, reports_of
from capture_forwarder.cli.terminal.console import number_of
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.rejection import Reason
from capture_forwarder.quarantine.entries import first_entry
from capture_forwarder.wiring.quarantine import open_quarantine


def why_nothing(outcomes: Sequence[Outcome], sending: Sending) -> tuple[str, str]:
    """Say why nothing has arrived.

    Parameters
    ----------
    outcomes
        What became of the files, none of which failed.
    sending
        Where they went.

    Returns
    -------
    tuple of str
        One reason in words, and the commands that tell more.
    """
    inspect = f"capture-forwarder inspect {shlex.join(sending.addresses)}"
    if outcomes and all(outcome.skipped for outcome in outcomes):
        return "No file was sent.", "Name other files, or change what the routes match."
    total = add_up(reports_of(outcomes))
    if total.quarantined:
        reason = max(total.quarantined, key=lambda one: total.quarantined[one])
        count = number_of(total.quarantined[reason], "line is", "lines are")
        said = f"{count} in the quarantine as {reason}{_detail(outcomes, sending, reason)}"
        return said, f"{_see_one(sending, reason)}\nFind columns that fit: {inspect}"
    if total.refused:
        reason = Reason.REJECTED_BY_PLATFORM
        count = number_of(total.refused, "row", "rows")
        said = f"The platform refused {count}{_detail(outcomes, sending, reason)}"
        return said, f"{_see_one(sending, reason)}\nSee what the files hold: {inspect}"
    if total.lines:
        return "The lines hold no inferences.", f"See what they hold: {inspect}"
    return "The files are empty.", f"Name other files. To look at these: {inspect}"


def show_command(sending: Sending, reason: str) -> str:
    """The command that shows what went to the quarantine for a reason."""
    quarantine = shlex.quote(sending.quarantine or "")
    return f"capture-forwarder quarantine show {quarantine} --reason {reason}"


def _see_one(sending: Sending, reason: str) -> str:
    return f"See one: {show_command(sending, reason)} --limit 1"


def _detail(outcomes: Sequence[Outcome], sending: Sending, reason: str) -> str:
    """What the first of these lines is rejected for, in words, where the quarantine tells."""
    keys = {outcome.file.capture_file.key for outcome in outcomes}
    try:
        found = first_entry(open_quarantine(sending.quarantine or ""), reason, keys)
    except ForwarderError:  # the reason alone has to do
        found = None
    if found is None:
        return "."
    # A routes file has no options, and the detail names its settings, too.
    return f": {found.detail if sending.file else sending.spell(found.detail)}"
