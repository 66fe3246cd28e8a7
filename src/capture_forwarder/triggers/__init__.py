"""Any event the function can be invoked with → messages, and outcomes → its answer. Pure."""

from capture_forwarder.triggers.answer import answer
from capture_forwarder.triggers.continuation import write_continuation
from capture_forwarder.triggers.event import read_event
from capture_forwarder.triggers.message import Message, Source, Trigger

__all__ = ["Message", "Source", "Trigger", "answer", "read_event", "write_continuation"]
