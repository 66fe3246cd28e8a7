"""An endpoint's Data Capture is turned on: a new configuration, with everything of the old one.

A configuration cannot be changed. A new one is made, which differs in its name and its Data Capture
alone; it is read back and compared before the endpoint is updated to it. Its name follows from what
it holds, so that whoever is broken off and starts again finds it. Source: CreateEndpointConfig and
UpdateEndpoint in the SageMaker API reference.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from capture_forwarder.core.errors import AccountError, ChangedMeanwhileError, UsageError
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.ports.operator import EndpointConfig, EndpointConfigs, RunningEndpoint
from capture_forwarder.setup.bucket import SaveUndo
from capture_forwarder.setup.capture_settings import Capture, capture_all, same_capture
from capture_forwarder.setup.endpoint_refusals import refuse_kind, refuse_managed, refuse_state
from capture_forwarder.setup.endpoint_update import Watch, begin, wait_for
from capture_forwarder.setup.endpoint_wishes import EndpointWishes

CAPTURE = "DataCaptureConfig"
LONGEST_NAME = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_OURS = re.compile(r"-capture-[0-9a-f]{8}$")
_READS = 5
_READ_SECONDS = 3.0


@dataclass(frozen=True)
class EndpointPlan:
    """What would be changed.

    Parameters
    ----------
    running
        The endpoint as it runs.
    before
        Its configuration.
    name, settings
        The new configuration; the one of before where there is nothing to change.
    tags
        The tags of the new configuration.
    wishes
        What was asked for.
    under_way
        Whether an update to the new configuration has begun.
    """

    running: RunningEndpoint
    before: EndpointConfig
    name: str
    settings: Mapping[str, object]
    tags: Mapping[str, str]
    wishes: EndpointWishes
    under_way: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.under_way or self.name != self.before.name

    @property
    def capture_before(self) -> Capture:
        """The settings of Data Capture that are there; empty if there are none."""
        return capture_of(self.before.settings)

    @property
    def capture_after(self) -> Capture:
        """The settings of Data Capture as they will be."""
        return capture_of(self.settings)

    @property
    def kept(self) -> tuple[str, ...]:
        """What else the configuration holds, by the names that SageMaker gives it."""
        return tuple(sorted(name for name in self.before.settings if name != CAPTURE))


@dataclass(frozen=True)
class EndpointChanged:
    """What became of a change.

    Parameters
    ----------
    undo
        Where the undo file is; empty where an earlier run has written it.
    capturing
        Whether Data Capture is on, as SageMaker says.
    added
        What the new configuration holds that the old one did not, beside Data Capture: SageMaker
        has filled it in.
    """

    undo: str
    capturing: bool
    added: tuple[str, ...] = ()


def plan_capture(configs: EndpointConfigs, name: str, wishes: EndpointWishes) -> EndpointPlan:
    """Plan to turn an endpoint's Data Capture on.

    Parameters
    ----------
    configs
        AWS.
    name
        The endpoint.
    wishes
        What is asked for.

    Raises
    ------
    UsageError
        The endpoint cannot capture, belongs to a stack, or is not in a state to be updated.
    AccountError
        AWS refuses, or a copy of the configuration would lose something.
    """
    running = configs.running(name)
    before = _existing(configs, running.config)
    refuse_kind(running, before)
    found = capture_of(before.settings)
    wanted = capture_all(found, wishes.capture, wishes.seen(found), wishes.usual_destination)
    settings = {**before.settings, CAPTURE: wanted}
    same = same_capture(found, wanted)
    off = running.status == "InService" and not running.capturing
    if same and off and not wishes.reset_counts:
        raise UsageError(*kept_off(running.name, before.name))
    if same and not off:
        plan = EndpointPlan(running, before, before.name, before.settings, {}, wishes)
    else:
        chosen = wishes.config_name
        if chosen is None:
            chosen = _name_of(before.name, settings, reset=wishes.reset_counts)
        _check_name(chosen, before.name)
        tags = configs.tags(before.arn)
        if not wishes.anyway:
            refuse_managed(running, {**tags, **configs.tags(running.arn)}, wanted)
        own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
        plan = EndpointPlan(running, before, chosen, settings, own, wishes)
    if running.status == "Updating" and running.pending == plan.name:
        return EndpointPlan(**{**vars(plan), "under_way": True})
    if plan.changes:
        refuse_state(running)
    return plan


def turn_on(
    configs: EndpointConfigs, clock: Clock, plan: EndpointPlan, save_undo: SaveUndo, watch: Watch
) -> EndpointChanged:
    """Do what is planned, and wait until it is done.

    Broken off at any time, the same plan made again goes on: it finds the new configuration, and
    an update that has begun.

    Parameters
    ----------
    configs
        AWS.
    clock
        Time.
    plan
        What to do.
    save_undo
        Keeps the undo file; nothing is changed before it returns.
    watch
        How long to wait, and who is told how it goes.

    Raises
    ------
    ChangedMeanwhileError
        The endpoint is not as it was when the plan was made. Nothing was changed.
    UpdateFailedError
        The endpoint did not take the configuration, or has not within the time.
    UsageError
        There is another configuration of the new name.
    AccountError
        AWS refuses.
    """
    undo, added = "", tuple[str, ...]()
    if not plan.under_way:
        undo = save_undo(_undo_text(plan))
        now = configs.running(plan.running.name)
        if (now.status, now.config) != (plan.running.status, plan.running.config):
            raise ChangedMeanwhileError(
                f"{now.name} has changed meanwhile: it is {now.status} with the configuration "
                f"{now.config}. Nothing was changed.",
                "Run the command again; it then shows it as it is now.",
            )
        added = _make(configs, clock, plan)
        begin(configs, plan.running, plan.name, keep_counts=not plan.wishes.reset_counts)
    done = wait_for(configs, clock, plan.running.name, plan.name, watch)
    return EndpointChanged(undo, done.capturing, added)


def capture_of(settings: Mapping[str, object]) -> Capture:
    """The Data Capture of a configuration; empty if it has none."""
    found = settings.get(CAPTURE)
    return found if isinstance(found, Mapping) else {}


def kept_off(endpoint: str, config: str) -> tuple[str, str]:
    """Say that capture is off though the configuration asks for it, and what to do."""
    says = (
        f"Data Capture of {endpoint} is off, though its configuration {config} asks for it: "
        "SageMaker has kept it off together with the instance counts and weights."
    )
    todo = (
        "Add --reset-counts and --apply to update it once more; counts and weights then fall "
        "back to those of the configuration."
    )
    return says, todo


def _existing(configs: EndpointConfigs, name: str) -> EndpointConfig:
    found = configs.config(name)
    if found is None:
        message = f"The configuration {name} is gone, though the endpoint runs it."
        raise AccountError(message, "Bring it another configuration first.", code="NoConfig")
    return found


def _name_of(before: str, settings: Mapping[str, object], *, reset: bool) -> str:
    """Name a configuration by what it holds; the same each time."""
    text = json.dumps([before, settings, reset], sort_keys=True)
    end = f"-capture-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    start = _OURS.sub("", before)[: LONGEST_NAME - len(end)]
    return f"{start}{end}"


def _check_name(name: str, before: str) -> None:
    if name == before:
        raise UsageError(
            f"The endpoint runs {name} now, and a configuration cannot be changed.",
            "Name another by --config-name.",
        )
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name} cannot be the name of a configuration.",
            f"Give at most {LONGEST_NAME} letters, digits and dashes by --config-name.",
        )


def _undo_text(plan: EndpointPlan) -> str:
    document = {
        "endpoint": plan.running.name,
        "arn": plan.running.arn,
        "before": plan.before.name,
        "after": plan.name,
        "settings": plan.before.settings,
    }
    return json.dumps(document, indent=2)


def _make(configs: EndpointConfigs, clock: Clock, plan: EndpointPlan) -> tuple[str, ...]:
    """Make the new configuration unless it is there, and compare it; return what was filled in."""
    found = configs.config(plan.name)
    if found is None:
        configs.create(plan.name, plan.settings, plan.tags)
        # It may take a moment until it can be read.
        for _ in range(_READS):
            if (found := configs.config(plan.name)) is not None:
                break
            clock.sleep(_READ_SECONDS)
        else:
            message = f"The configuration {plan.name} was made, and cannot be read."
            raise AccountError(message, "Run the command again; it goes on.", code="NoConfig")
    if differs := sorted(_differences(plan.settings, found.settings)):
        raise UsageError(
            f"There is a configuration {plan.name} that differs in {', '.join(differs)}. The "
            "endpoint was not changed.",
            "Name another by --config-name.",
        )
    return tuple(sorted(set(found.settings) - set(plan.settings)))


def _differences(
    asked: Mapping[str, object], found: Mapping[str, object], path: str = ""
) -> Iterator[str]:
    """Name what is not as it was asked for; what was not asked for may be there as well."""
    for name, value in asked.items():
        yield from _difference(f"{path}{name}", value, found.get(name))


def _difference(path: str, asked: object, found: object) -> Iterator[str]:
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        yield from _differences(asked, found, f"{path}.")
    elif isinstance(asked, list) and isinstance(found, list) and len(asked) == len(found):
        if not any(isinstance(one, Mapping | list) for one in asked):
            asked, found = sorted(asked), sorted(found)  # their order means nothing
        for number, (one, other) in enumerate(zip(asked, found, strict=True)):
            yield from _difference(f"{path}[{number}]", one, other)
    elif asked != found:
        yield path
