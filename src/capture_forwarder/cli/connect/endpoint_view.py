"""What `connect endpoint` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from capture_forwarder.cli.terminal.console import ERR, complain, plain, say, say_json
from capture_forwarder.cli.terminal.progress import TransientProgress
from capture_forwarder.core.ports.operator import RunningEndpoint
from capture_forwarder.setup.capture_settings import Capture, captured_sides, content_types
from capture_forwarder.setup.endpoint import EndpointChanged, EndpointPlan, kept_off
from capture_forwarder.setup.endpoint_undo import Undone, UndoPlan

_NOTHING = "-"
_NOT_DONE = "Nothing was changed. Add --apply to do it."
_HAS_BEGUN = "The update has begun already. Add --apply to wait for its end."


@contextmanager
def waiting(*, quiet: bool) -> Iterator[Callable[[RunningEndpoint], None]]:
    """Show how an update goes; gives what is called with the endpoint at each look at it.

    Parameters
    ----------
    quiet
        Whether to show nothing.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with TransientProgress(*columns, quiet=quiet) as bar:
        task = bar.add_task("waiting for the endpoint", total=None)

        def tell(now: RunningEndpoint) -> None:
            bar.update(task, description=f"{now.name} is {now.status}")

        yield tell


def show_endpoint_plan(plan: EndpointPlan, *, as_json: bool, applied: bool = False) -> None:
    """Show what would change, and how to have it done.

    Parameters
    ----------
    plan
        What would change.
    as_json
        Whether to print one JSON object.
    applied
        Whether it is done now.
    """
    if as_json:
        say_json(_plan_json(plan, applied=False))
        return
    name = plan.running.name
    if not plan.changes:
        say(f"{name}: Data Capture is on already, for all calls and both sides.")
        say(f"  destination: {plain(str(plan.capture_before['DestinationS3Uri']))}")
        if plan.running.stopped:
            say(
                "It has stopped: look at the disks of the instances (/aws/sagemaker/Endpoints "
                "DiskUtilization). Above about 75 % SageMaker stops it.",
                to=ERR,
                style="yellow",
            )
        return
    say(f"{name}: configuration {plan.before.name} → {plan.name}", style="bold")
    old, new = _described(plan.capture_before), _described(plan.capture_after)
    for what, value in new.items():
        mark = f"{old[what]} → {value}" if old[what] != value else f"{value} (stays)"
        if not value == old[what] == _NOTHING:
            say(f"  {what}: {plain(mark)}")
    say(f"  stays: {', '.join(plan.kept)}")
    if plan.tags:
        say(f"  tags that are copied: {plain(', '.join(sorted(plan.tags)))}")
    if not plan.under_way:
        _show_cost(plan)
    if not applied:
        say(_HAS_BEGUN if plan.under_way else _NOT_DONE)


def show_endpoint_changed(plan: EndpointPlan, changed: EndpointChanged, *, as_json: bool) -> None:
    """Show what was changed, and how to undo it."""
    if as_json:
        found = {
            "undo": changed.undo or None,
            "capturing": changed.capturing,
            "added": list(changed.added),
        }
        say_json(_plan_json(plan, applied=True) | found)
    else:
        say(f"Done: {plan.running.name} runs the configuration {plan.name}.")
        if changed.added:
            say(f"SageMaker has filled in what it did not have: {', '.join(changed.added)}.")
        file = changed.undo or "UNDO-FILE-OF-THE-FIRST-RUN"
        say(f"To undo it: capture-forwarder connect endpoint --undo {file} --apply")
    if not changed.capturing:
        complain(*kept_off(plan.running.name, plan.name))
    elif not as_json:
        destination = str(plan.capture_after["DestinationS3Uri"])
        bucket = destination.partition("://")[2].partition("/")[0]
        say("The first file comes about a minute after the next call. Have it announced:")
        say(f"  capture-forwarder connect bucket {plain(bucket)}")


def show_undo_plan(plan: UndoPlan, *, as_json: bool) -> None:
    """Show what would be undone."""
    if as_json:
        say_json(_undo_json(plan, applied=False))
        return
    if not plan.changes:
        say(f"{plan.running.name} runs the configuration {plan.before} already.")
        return
    say(f"{plan.running.name}: configuration {plan.after} → {plan.before}", style="bold")
    say(f"  {plan.after} is deleted afterwards.")
    say(_HAS_BEGUN if plan.under_way else _NOT_DONE)


def show_undone(plan: UndoPlan, done: Undone, *, as_json: bool) -> None:
    """Show what was undone."""
    if as_json:
        say_json(_undo_json(plan, applied=True) | {"capturing": done.capturing, "left": done.left})
    else:
        say(f"Done: {plan.running.name} runs the configuration {plan.before} again.")
        say(f"Data Capture is {'on' if done.capturing else 'off'}.")
    if done.left:
        complain(
            f"The configuration {plan.after} could not be deleted: {plain(done.left)}",
            f"aws sagemaker delete-endpoint-config --endpoint-config-name {plan.after}",
        )


def _described(capture: Capture) -> dict[str, str]:
    """Data Capture in words; `_NOTHING` stands for what is not there."""
    types = content_types(capture)
    enabled = bool(capture) and bool(capture.get("EnableCapture", True))
    return {
        "Data Capture": "on" if enabled else "off",
        "sampling": f"{capture['InitialSamplingPercentage']} %" if capture else _NOTHING,
        "sides": ", ".join(sorted(captured_sides(capture))) or _NOTHING,
        "destination": str(capture.get("DestinationS3Uri", _NOTHING)),
        "KMS key": str(capture.get("KmsKeyId", _NOTHING)),
        "CSV": ", ".join(types.csv) or _NOTHING,
        "JSON": ", ".join(types.json) or _NOTHING,
    }


def _show_cost(plan: EndpointPlan) -> None:
    counts = [
        f"{one.name} {one.instances}" for one in plan.running.variants if one.instances is not None
    ]
    listed = f" ({', '.join(counts)})" if counts else ""
    say(f"While it is updated, a second fleet of the same size runs{listed}; calls go on.")
    if plan.wishes.reset_counts:
        say(
            "Instance counts and weights fall back to those of the configuration.",
            to=ERR,
            style="yellow",
        )
    place = plan.capture_after["DestinationS3Uri"]
    say(f"The models' execution role needs s3:PutObject below {plain(str(place))}.")


def _plan_json(plan: EndpointPlan, *, applied: bool) -> dict[str, object]:
    return {
        "endpoint": plan.running.name,
        "changes": plan.changes,
        "applied": applied,
        "under_way": plan.under_way,
        "config_before": plan.before.name,
        "config_after": plan.name,
        "capture_before": dict(plan.capture_before) or None,
        "capture_after": dict(plan.capture_after),
        "kept": list(plan.kept),
        "tags": dict(plan.tags),
    }


def _undo_json(plan: UndoPlan, *, applied: bool) -> dict[str, object]:
    return {
        "endpoint": plan.running.name,
        "changes": plan.changes,
        "applied": applied,
        "under_way": plan.under_way,
        "config_before": plan.after,
        "config_after": plan.before,
    }
