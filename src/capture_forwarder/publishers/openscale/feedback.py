"""Labels with the inputs of their inferences → the feedback that Watson OpenScale stores.

A record has no id: it is all input columns and the label. What the model predicted is left out, so
that OpenScale has the deployment score the inputs. Sources: ibm-watson-openscale 3.1.11
(`DataSets.store_records`) for v2, ibm-ai-openscale 2.2.1 (`feedback_logging`) for v1.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.core.inference import Inference

_encode = msgspec.json.Encoder().encode
_OVERHEAD = 64


class FeedbackEncoder:
    """Encodes feedback.

    Parameters
    ----------
    binding_id, subscription_id
        What it belongs to; only v1 says so in the body.
    """

    def __init__(self, binding_id: str | None = None, subscription_id: str | None = None) -> None:
        self._ids = {"binding_id": binding_id, "subscription_id": subscription_id}
        self._is_v1 = binding_id is not None

    overhead = _OVERHEAD
    """About how many bytes a record has besides its values."""

    def body(self, inferences: Sequence[Inference]) -> bytes:
        """Encode records, all of the same columns, as the body of one request."""
        table = {
            "fields": inferences[0].names,
            "values": [inference.values for inference in inferences],
        }
        return _encode({**self._ids, **table} if self._is_v1 else [table])
