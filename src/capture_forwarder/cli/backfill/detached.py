"""`capture-forwarder backfill --detach`, `--status` and `--stop`."""

from __future__ import annotations

from capture_forwarder.backfill.beginning import BackfillState, state_of, stop
from capture_forwarder.backfill.estimate import Amount, Estimate
from capture_forwarder.cli.terminal.console import OUT, number_of, plain, say, say_json
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports.operator import Backfills
from capture_forwarder.wiring.backfill import Source

_MILLION = Estimate(total=Amount(1_000_000), pages=1000)


def detach(source: Source, waiting: int, *, apply: bool, as_json: bool) -> None:
    """Have the function do a backfill by itself, or show what it would be asked.

    Parameters
    ----------
    source
        What is sent.
    waiting
        How many messages the queue may hold.
    apply
        Whether to ask it.
    as_json
        Whether to print one JSON object.
    """
    folders = [str(folder) for folder in source.selected.folders()]
    request = source.hand_over(waiting) if apply and folders else None
    if as_json:
        say_json(
            {
                **source.selected.selection.described(),
                "folders": folders,
                "applied": request is not None,
                "id": None if request is None else request.id,
            }
        )
        return
    table = new_table("Capture files of", "folder")
    for folder in folders:
        add(table, plain(folder))
    OUT.print(table)
    if not folders:
        say("There is nothing to send.")
        return
    say(
        f"They are not counted. A million files cost about ${_MILLION.announcing:.3f} to announce "
        f"and ${_MILLION.forwarding:.2f} to forward,"
    )
    say("if files have 100 lines and the platform answers in 50 ms (docs/cost.md).")
    if request is None:
        say("Nothing was sent. Add --apply to have the function send them.")
    else:
        _say_begun(request, source.stack.name)


def _say_begun(request: ListRequest, stack: str) -> None:
    where = "" if stack == "capture-forwarder" else f" --stack {stack}"
    say(f"The function begins with backfill {request.id}, and needs this command no longer.")
    say(f"How far it is: capture-forwarder backfill --status {request.id}{where}")
    say(f"To stop it:    capture-forwarder backfill --stop {request.id}{where} --apply")


def show_state(backfills: Backfills, name: str, *, as_json: bool) -> None:
    """Show how far a backfill is."""
    _show(state_of(backfills, name), as_json=as_json)


def stop_backfill(backfills: Backfills, name: str, *, apply: bool, as_json: bool) -> None:
    """Stop a backfill, or show how far it is and how to stop it."""
    found = state_of(backfills, name)
    stopped = apply and not found.over
    if stopped:
        stop(backfills, name)
    _show(found, as_json=as_json, stopped=stopped)
    if as_json:
        return
    if stopped:
        say("It is stopped: what was announced until now is forwarded, and no more is announced.")
    elif not found.over:
        say("Nothing was changed. Add --apply to stop it.")


def _show(state: BackfillState, *, as_json: bool, stopped: bool = False) -> None:
    if as_json:
        written = None if state.written is None else state.written.isoformat()
        say_json({**vars(state), "written": written, "stopped": stopped})
        return
    if not state.begun:
        say(f"Backfill {plain(state.id)} is not known: no request of it has been taken up yet.")
        return
    how = "is over" if state.over else "goes on"
    files = number_of(state.sent, "file was announced", "files were announced")
    say(f"Backfill {plain(state.id)} {how}: {files} in {number_of(state.steps, 'step', 'steps')}.")
    if state.passed_over:
        say(f"The route does not take {number_of(state.passed_over, 'other file', 'others')}.")
    if state.written is not None:
        say(f"This was recorded at {state.written:%Y-%m-%d %H:%M:%S} UTC.")
