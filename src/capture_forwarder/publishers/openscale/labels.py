"""Publish labels to Watson OpenScale: as feedback, each together with the inputs of its inference.

Nothing replaces feedback: what is sent twice is stored twice. So a label that was corrected
before it was sent goes once, and the ledger keeps a file from going twice.
"""

from __future__ import annotations

from msgspec.structs import replace

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher


class OpenScaleLabelPublisher:
    """The feedback on one subscription of an OpenScale.

    Parameters
    ----------
    feedback
        Publishes to a destination of the kind `FEEDBACK`.
    """

    def __init__(self, feedback: OpenScalePublisher) -> None:
        self._feedback = feedback

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """See `OpenScalePublisher.limits`; one at a time, so that few can be sent twice."""
        return replace(self._feedback.limits, requests=1)

    def schema(self) -> Schema:
        """The types of the feedback data set, and its label columns; none in v1."""
        return self._feedback.schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Send the last label of each inference in a batch; see `OpenScalePublisher.publish`."""
        latest = latest_labels(batch)
        self._feedback.publish(latest.batch_of(batch), deadline)
        return latest.receipt({})
