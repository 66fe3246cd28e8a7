"""Any event the function can be invoked with → deliveries, and outcomes → its answer. Pure."""

from capture_forwarder.triggers.answer import answer
from capture_forwarder.triggers.continuation import write_continuation
from capture_forwarder.triggers.delivery import Delivery, Source, Trigger
from capture_forwarder.triggers.event import read_event

__all__ = ["Delivery", "Source", "Trigger", "answer", "read_event", "write_continuation"]
