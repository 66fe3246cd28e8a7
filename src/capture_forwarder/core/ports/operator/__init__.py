"""Further ports, of commands and listings: the function imports none of them when it starts."""

from capture_forwarder.core.ports.operator.backfills import Backfills, RecordedWork
from capture_forwarder.core.ports.operator.buckets import (
    Buckets,
    ListedPage,
    Notifications,
    Pages,
    StoredFile,
)
from capture_forwarder.core.ports.operator.deployment import Deployment, Endpoints, Watching
from capture_forwarder.core.ports.operator.endpoint_configs import (
    EndpointConfig,
    EndpointConfigs,
    RunningEndpoint,
    RunningVariant,
)
from capture_forwarder.core.ports.operator.quarantine_files import QuarantineFiles
from capture_forwarder.core.ports.operator.queue import Queue, QueueMessage

__all__ = [
    "Backfills",
    "Buckets",
    "Deployment",
    "EndpointConfig",
    "EndpointConfigs",
    "Endpoints",
    "ListedPage",
    "Notifications",
    "Pages",
    "QuarantineFiles",
    "Queue",
    "QueueMessage",
    "RecordedWork",
    "RunningEndpoint",
    "RunningVariant",
    "StoredFile",
    "Watching",
]
