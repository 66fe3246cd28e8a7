"""Turning on an endpoint's Data Capture is undone: the endpoint goes back to its configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass

from capture_forwarder.core.errors import AccountError, UsageError
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.ports.operator import EndpointConfigs, RunningEndpoint
from capture_forwarder.setup.endpoint_refusals import refuse_state
from capture_forwarder.setup.endpoint_update import Watch, begin, wait_for


@dataclass(frozen=True)
class UndoPlan:
    """What would be undone.

    Parameters
    ----------
    running
        The endpoint as it runs.
    before
        The configuration that it goes back to.
    after
        The one that it runs now, which is deleted in the end.
    under_way
        Whether the way back has begun.
    """

    running: RunningEndpoint
    before: str
    after: str
    under_way: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.under_way or self.running.config == self.after


@dataclass(frozen=True)
class Undone:
    """What became of it: whether capture is on still, and why the configuration is still there."""

    capturing: bool
    left: str = ""


def plan_undo(configs: EndpointConfigs, undo: str) -> UndoPlan:
    """Plan to undo what an undo file is about.

    Parameters
    ----------
    configs
        AWS.
    undo
        The undo file's text.

    Raises
    ------
    UsageError
        The text is not that of an undo file, or the endpoint has got another configuration since,
        or cannot be updated now.
    AccountError
        AWS refuses.
    """
    name, arn, before, after = _read_undo(undo)
    running = configs.running(name)
    if running.arn != arn:
        raise UsageError(
            f"The undo file is about {arn}, and this is {running.arn}.",
            "Name the account and region by --profile and --region.",
        )
    under_way = running.status == "Updating" and running.pending == before
    plan = UndoPlan(running, before, after, under_way)
    if not under_way and running.config not in {before, after}:
        raise UsageError(
            f"{name} runs the configuration {running.config} by now, which has come since: there "
            f"is nothing to undo.",
            f"The one of before was {before}.",
        )
    if plan.changes and not under_way:
        refuse_state(running)
        if configs.config(before) is None:
            raise UsageError(
                f"The configuration {before} is gone, so {name} cannot go back to it.",
                "The undo file has its settings: make it again from them, under that name.",
            )
    return plan


def undo_capture(configs: EndpointConfigs, clock: Clock, plan: UndoPlan, watch: Watch) -> Undone:
    """Do what is planned, wait until it is done, and delete the configuration that is left.

    Raises
    ------
    UpdateFailedError
        The endpoint did not go back, or has not within the time.
    AccountError
        AWS refuses.
    """
    if not plan.under_way:
        begin(configs, plan.running, plan.before)
    done = wait_for(configs, clock, plan.running.name, plan.before, watch)
    try:
        configs.delete(plan.after)
    except AccountError as error:
        return Undone(done.capturing, f"{error.message} {error.advice}".strip())
    return Undone(done.capturing)


def _read_undo(text: str) -> tuple[str, str, str, str]:
    wrong = UsageError(
        "The undo file cannot be read.", "Name one that `connect endpoint` has written."
    )
    try:
        document = json.loads(text)
        found = tuple(document[name] for name in ("endpoint", "arn", "before", "after"))
    except (ValueError, TypeError, KeyError) as error:
        raise wrong from error
    if not all(isinstance(one, str) and one for one in found):
        raise wrong
    return found
