"""The ports: what the forwarding code talks to, as protocols. Implementations are handed in.

`aws` and `local` implement most of them, `publishers` implement `Publisher`, and tests implement
them all. Only what crosses a room's border is here.
"""

from capture_forwarder.core.ports.announcing import Announcing
from capture_forwarder.core.ports.backfills import Backfills, RecordedWork
from capture_forwarder.core.ports.buckets import (
    Buckets,
    ListedPage,
    Notifications,
    Pages,
    StoredFile,
)
from capture_forwarder.core.ports.capture_files import ObjectStore, OpenedFile
from capture_forwarder.core.ports.clock import Clock
from capture_forwarder.core.ports.continuations import Continuations
from capture_forwarder.core.ports.deployment import Deployment, Endpoints, Watching
from capture_forwarder.core.ports.endpoint_configs import (
    EndpointConfig,
    EndpointConfigs,
    RunningEndpoint,
    RunningVariant,
)
from capture_forwarder.core.ports.file_store import FileStore, ListedFile
from capture_forwarder.core.ports.ledger import Ledger
from capture_forwarder.core.ports.listing import Lister
from capture_forwarder.core.ports.part_files import PartFiles
from capture_forwarder.core.ports.publisher import Publisher
from capture_forwarder.core.ports.quarantine import Quarantine
from capture_forwarder.core.ports.quarantine_files import QuarantineFiles
from capture_forwarder.core.ports.queue import Queue, QueueMessage
from capture_forwarder.core.ports.reporter import Reporter
from capture_forwarder.core.ports.route_ports import Ports
from capture_forwarder.core.ports.secret import Secret
from capture_forwarder.core.ports.signals import Metrics, Signals
from capture_forwarder.core.ports.signing import PreparedRequest, SignRequest
from capture_forwarder.core.ports.stored_inferences import StoredInferences
from capture_forwarder.core.ports.tables import TableReader

__all__ = [
    "Announcing",
    "Backfills",
    "Buckets",
    "Clock",
    "Continuations",
    "Deployment",
    "EndpointConfig",
    "EndpointConfigs",
    "Endpoints",
    "FileStore",
    "Ledger",
    "ListedFile",
    "ListedPage",
    "Lister",
    "Metrics",
    "Notifications",
    "ObjectStore",
    "OpenedFile",
    "Pages",
    "PartFiles",
    "Ports",
    "PreparedRequest",
    "Publisher",
    "Quarantine",
    "QuarantineFiles",
    "Queue",
    "QueueMessage",
    "RecordedWork",
    "Reporter",
    "RunningEndpoint",
    "RunningVariant",
    "Secret",
    "SignRequest",
    "Signals",
    "StoredFile",
    "StoredInferences",
    "TableReader",
    "Watching",
]
