"""Any event the function can be invoked with → messages; outcomes → the event's answer. Pure."""

from capture_forwarder.triggers.answer import answer
from capture_forwarder.triggers.continuation import write_continuation
from capture_forwarder.triggers.event import read_event
from capture_forwarder.triggers.list_request import write_list_request
from capture_forwarder.triggers.message import Message, Source, Trigger
from capture_forwarder.triggers.outcome import (
    CONTINUED,
    FORWARDED,
    Outcome,
    failed,
    outcome_of_message,
    skipped,
)
from capture_forwarder.triggers.self_check import SelfCheck, read_self_check

__all__ = [
    "CONTINUED",
    "FORWARDED",
    "Message",
    "Outcome",
    "SelfCheck",
    "Source",
    "Trigger",
    "answer",
    "failed",
    "outcome_of_message",
    "read_event",
    "read_self_check",
    "skipped",
    "write_continuation",
    "write_list_request",
]
