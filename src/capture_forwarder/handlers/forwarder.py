"""The Lambda entry: builds the forwarder at the first event, calls it, answers."""

from __future__ import annotations

import gc
import os
import warnings
from functools import cache
from uuid import uuid4

from capture_forwarder.core.postponed import postpone

# Rows are many, short-lived and in no cycles, and modules stay for good: looking at them again
# and again would take a tenth of a cold start and of all work after it. Most of a cold start is
# imports, so this comes before them.
gc.set_threshold(100_000)
# Imported by botocore, requests, pydantic and urllib3, and used by none of them here: to read a
# configuration file, to unpack certificates, to look for further packages, to read a date.
for _unused in ("configparser", "zipfile"):
    postpone(_unused)
postpone("importlib.metadata", callables=("entry_points", "version"))
postpone("dateutil.tz", callables=("tzlocal", "tzutc"))
postpone("dateutil.parser", callables=("parse",))
# requests has no need of what guesses a text's encoding, which the package leaves out, but says so.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from capture_forwarder.forwarding.forwarder import Forwarder  # noqa: E402
from capture_forwarder.settings import load  # noqa: E402
from capture_forwarder.wiring.forwarder import build_forwarder  # noqa: E402

gc.freeze()


@cache
def forwarder() -> Forwarder:
    """Build the forwarder from the environment; a failure is not kept, so it is tried again.

    Raises
    ------
    SettingsError
        Lists every variable that is wrong.
    """
    made = build_forwarder(load())
    gc.freeze()
    return made


def lambda_handler(event: dict[str, object], context: object) -> dict[str, object]:
    """Forward the objects that an event announces.

    Parameters
    ----------
    event
        An event of S3, SNS, SQS, EventBridge or S3 Batch Operations, as Lambda decoded it.
    context
        Lambda's context object.

    Returns
    -------
    dict
        What the event's source expects: failed messages for SQS, results for S3 Batch.

    Raises
    ------
    ForwarderError
        Settings are wrong, the event is unknown, or deliveries failed that can only be told by
        an error. The invocation then counts as failed and the event comes again.
    """
    return forwarder().handle(
        event, owner=_invocation(context), seconds_left=_seconds_left(context)
    )


def _invocation(context: object) -> str:
    """Name the invocation.

    Lambda tries a request again under the same id, and only after the first try has ended, so
    that it may go on with what that one held.
    """
    return str(getattr(context, "aws_request_id", None) or uuid4())


def _seconds_left(context: object) -> float | None:
    ask = getattr(context, "get_remaining_time_in_millis", None)
    return None if ask is None else float(ask()) / 1000
