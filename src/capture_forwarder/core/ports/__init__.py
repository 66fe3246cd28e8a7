"""The ports: what the forwarding code talks to, as protocols. Implementations are handed in.

`aws` and `local` implement most of them, `publishers` implement `Publisher`, and tests implement
them all. Only what crosses a room's border is here.
"""

from capture_forwarder.core.ports.announcing import Announcing
from capture_forwarder.core.ports.capture_files import ObjectStore, OpenedFile
from capture_forwarder.core.ports.clock import Clock
from capture_forwarder.core.ports.continuations import Continuations
from capture_forwarder.core.ports.file_store import FileStore, ListedFile
from capture_forwarder.core.ports.ledger import Ledger
from capture_forwarder.core.ports.listing import Lister
from capture_forwarder.core.ports.part_files import PartFiles
from capture_forwarder.core.ports.publisher import Publisher
from capture_forwarder.core.ports.quarantine import Quarantine
from capture_forwarder.core.ports.reporter import Reporter
from capture_forwarder.core.ports.route_ports import Ports
from capture_forwarder.core.ports.secret import Secret
from capture_forwarder.core.ports.signals import Metrics, Signals
from capture_forwarder.core.ports.signing import PreparedRequest, SignRequest
from capture_forwarder.core.ports.stored_inferences import StoredInferences
from capture_forwarder.core.ports.tables import TableReader

__all__ = [
    "Announcing",
    "Clock",
    "Continuations",
    "FileStore",
    "Ledger",
    "ListedFile",
    "Lister",
    "Metrics",
    "ObjectStore",
    "OpenedFile",
    "PartFiles",
    "Ports",
    "PreparedRequest",
    "Publisher",
    "Quarantine",
    "Reporter",
    "Secret",
    "SignRequest",
    "Signals",
    "StoredInferences",
    "TableReader",
]
