"""The ports that one route works with, together."""

from __future__ import annotations

import msgspec

from capture_forwarder.core.ports.capture_files import ObjectStore
from capture_forwarder.core.ports.clock import Clock
from capture_forwarder.core.ports.ledger import Ledger
from capture_forwarder.core.ports.publisher import Publisher
from capture_forwarder.core.ports.quarantine import Quarantine


class Ports(msgspec.Struct, frozen=True):
    """The ports that one route works with.

    Without a quarantine, a capture file with a rejected line fails; without a ledger, a file that
    failed is forwarded again from its start.
    """

    store: ObjectStore
    publisher: Publisher
    quarantine: Quarantine | None
    clock: Clock
    ledger: Ledger | None = None
