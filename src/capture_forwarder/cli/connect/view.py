"""What `connect` shows."""

from __future__ import annotations

from capture_forwarder.cli.terminal.console import ERR, complain, plain, say, say_json
from capture_forwarder.setup.bucket import BucketPlan, Changed


def show_plan(plan: BucketPlan, *, as_json: bool) -> None:
    """Show what would change, and how to have it done."""
    if as_json:
        say_json(_plan_json(plan, applied=False))
        return
    _show(plan)
    if plan.changes:
        say("Nothing was changed. Add --apply to do it.")


def show_changed(plan: BucketPlan, changed: Changed, *, as_json: bool) -> None:
    """Show what was changed, and how to undo it."""
    if as_json:
        found = {"undo": changed.undo, "differences": list(changed.differences)}
        say_json(_plan_json(plan, applied=True) | found)
    else:
        _show(plan)
        say(f"Done. To undo it: capture-forwarder connect bucket --undo {changed.undo} --apply")
        if plan.turns_on:
            say("New files are announced after about five minutes. To send earlier ones:")
            say("  capture-forwarder backfill")
    if changed.differences:
        complain(
            f"Another program has written the notifications of {plan.bucket} since: "
            f"{plain('; '.join(changed.differences))}.",
            f"Run the command again to see them; {changed.undo} has what was there before.",
        )


def _show(plan: BucketPlan) -> None:
    state = "on" if plan.turns_on else "off"
    if plan.changes:
        other = "off" if plan.turns_on else "on"
        say(f"{plan.bucket}: notifications to EventBridge: {other} → {state}", style="bold")
    else:
        say(f"{plan.bucket}: notifications to EventBridge are {state} already.")
    for one in plan.kept:
        say(f"  stays: {plain(one)}")
    if plan.changes and not plan.turns_on:
        say("New files will no longer reach the function.", to=ERR, style="yellow")


def _plan_json(plan: BucketPlan, *, applied: bool) -> dict[str, object]:
    return {
        "bucket": plan.bucket,
        "changes": plan.changes,
        "applied": applied,
        "event_bridge": plan.turns_on,
        "kept": list(plan.kept),
        "before": dict(plan.before),
        "after": dict(plan.after),
    }
