"""What of an OpenScale is written to: a v2 data set, or a v1 data mart.

Sources: ibm-watson-openscale 3.1.11 for v2, ibm-ai-openscale 2.2.1 for v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.records import (
    RecordEncoder,
    data_set_records,
    mapping_problems,
    scoring_payloads,
)


@dataclass(frozen=True)
class DataSetRecords:
    """Today's API, v2: records of a subscription's payload logging data set.

    Parameters
    ----------
    service_instance_id
        The OpenScale.
    data_set_id
        The data set; without it, that of `subscription_id` is looked up.
    subscription_id
        The subscription; needed only without `data_set_id`.
    confirm
        Whether to wait until a batch is stored, which happens after it was accepted.
    """

    service_instance_id: str
    data_set_id: str | None = None
    subscription_id: str | None = None
    confirm: bool = False

    @property
    def ids(self) -> Mapping[str, str]:
        """Setting → the id that it holds, of all that a request's path names."""
        instance = {"OPENSCALE_SERVICE_INSTANCE_ID": self.service_instance_id}
        if self.data_set_id is not None:
            return {**instance, "OPENSCALE_DATA_SET_ID": self.data_set_id}
        return {**instance, "OPENSCALE_SUBSCRIPTION_ID": self.subscription_id or ""}

    @property
    def search_path(self) -> str:
        """Where the subscription's data set is found."""
        query = {
            "type": "payload_logging",
            "target_target_id": self.subscription_id,
            "target_target_type": "subscription",
        }
        return f"{self._data_sets}?{urlencode(query)}"

    def records_path(self, data_set_id: str) -> str:
        """Where records go."""
        return f"{self._data_sets}/{_quoted(data_set_id)}/records"

    def outcome_path(self, data_set_id: str, request_id: str) -> str:
        """Where it is told what became of a request."""
        return f"{self._data_sets}/{_quoted(data_set_id)}/requests/{_quoted(request_id)}"

    def encoder(self, mapping: ColumnMapping) -> RecordEncoder:
        """Make what writes the body of a request."""
        return data_set_records(mapping)

    def problems(self, mapping: ColumnMapping) -> list[str]:
        """Say what does not fit together, a sentence each."""
        problems = mapping_problems(mapping, meta=True)
        if not self.data_set_id and not self.subscription_id:
            problems.append(
                "OpenScale needs OPENSCALE_DATA_SET_ID or OPENSCALE_SUBSCRIPTION_ID to know "
                "the data set that records go to"
            )
        return problems

    @property
    def _data_sets(self) -> str:
        return f"/openscale/{_quoted(self.service_instance_id)}/v2/data_sets"


@dataclass(frozen=True)
class ScoringPayloads:
    """The older API, v1: scoring payloads of a deployment."""

    data_mart_id: str
    binding_id: str
    subscription_id: str
    deployment_id: str

    @property
    def ids(self) -> Mapping[str, str]:
        """Setting → the id that it holds, of all that a request names."""
        return {
            "OPENSCALE_DATA_MART_ID": self.data_mart_id,
            "OPENSCALE_BINDING_ID": self.binding_id,
            "OPENSCALE_SUBSCRIPTION_ID": self.subscription_id,
            "OPENSCALE_DEPLOYMENT_ID": self.deployment_id,
        }

    @property
    def payloads_path(self) -> str:
        """Where payloads go."""
        return f"/v1/data_marts/{_quoted(self.data_mart_id)}/scoring_payloads"

    def encoder(self, mapping: ColumnMapping) -> RecordEncoder:
        """Make what writes the body of a request."""
        ids = (self.binding_id, self.subscription_id, self.deployment_id)
        return scoring_payloads(mapping, *ids)

    def problems(self, mapping: ColumnMapping) -> list[str]:
        """Say what does not fit together, a sentence each."""
        return mapping_problems(mapping, meta=False)


Target = DataSetRecords | ScoringPayloads


def _quoted(name: str) -> str:
    return quote(name, safe="")
