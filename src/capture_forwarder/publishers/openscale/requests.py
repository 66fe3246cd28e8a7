"""What inferences are written to: a data set (v2) or a data mart (v1), and the paths of it.

Sources: ibm-watson-openscale 3.1.11 for v2, ibm-ai-openscale 2.2.1 for v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from capture_forwarder.parser import ColumnMapping
from capture_forwarder.publishers.openscale.feedback import FeedbackEncoder
from capture_forwarder.publishers.openscale.records import (
    RecordEncoder,
    data_set_records,
    mapping_problems,
    scoring_payloads,
)
from capture_forwarder.publishers.openscale.schema import FEEDBACK, PAYLOAD


@dataclass(frozen=True)
class DataSetRecords:
    """Today's API, v2: records of a subscription's payload logging data set.

    Parameters
    ----------
    service_instance_id
        The OpenScale. watsonx.governance on AWS has none in its paths.
    data_set_id
        The data set; without it, that of `subscription_id` is looked up.
    subscription_id
        The subscription; needed only without `data_set_id`.
    project_id, space_id
        The project or space that the subscription belongs to, if it does.
    confirm
        Whether to wait until a batch is stored, which happens after it was accepted. Without it,
        rows that fail in being stored are lost and count as published.
    kind
        The type of the data set, `PAYLOAD` or `FEEDBACK`.
    """

    service_instance_id: str | None
    data_set_id: str | None = None
    subscription_id: str | None = None
    project_id: str | None = None
    space_id: str | None = None
    confirm: bool = True
    kind: str = PAYLOAD

    @property
    def ids(self) -> Mapping[str, str]:
        """Setting → the id that it holds, of all that a request's path names."""
        ids = {
            "OPENSCALE_SERVICE_INSTANCE_ID": self.service_instance_id,
            "OPENSCALE_DATA_SET_ID": self.data_set_id,
            "OPENSCALE_SUBSCRIPTION_ID": None if self.data_set_id else self.subscription_id,
            "OPENSCALE_PROJECT_ID": self.project_id,
            "OPENSCALE_SPACE_ID": self.space_id,
        }
        return {setting: value for setting, value in ids.items() if value}

    @property
    def search_path(self) -> str:
        """Where the subscription's data set is found."""
        return self._path(
            "",
            {
                "target.target_id": self.subscription_id or "",
                "target.target_type": "subscription",
                "type": self.kind,
            },
        )

    def data_set_path(self, data_set_id: str) -> str:
        """Where a data set is described."""
        return self._path(f"/{_quoted(data_set_id)}")

    def records_path(self, data_set_id: str) -> str:
        """Where records go."""
        return self._path(f"/{_quoted(data_set_id)}/records", {"split_to_multi_req": "false"})

    def outcome_path(self, data_set_id: str, request_id: str) -> str:
        """Where it is told what became of a request."""
        return self._path(f"/{_quoted(data_set_id)}/requests/{_quoted(request_id)}")

    def encoder(self, mapping: ColumnMapping) -> RecordEncoder | FeedbackEncoder:
        """Make what writes the body of a request."""
        return FeedbackEncoder() if self.kind == FEEDBACK else data_set_records(mapping)

    def problems(self, mapping: ColumnMapping) -> list[str]:
        """Say what does not fit together, a sentence each."""
        problems = [] if self.kind == FEEDBACK else mapping_problems(mapping, meta=True)
        if not self.data_set_id and not self.subscription_id:
            problems.append(
                "OpenScale needs OPENSCALE_DATA_SET_ID or OPENSCALE_SUBSCRIPTION_ID to know "
                "the data set that records go to"
            )
        return problems

    def _path(self, below: str, query: Mapping[str, str] | None = None) -> str:
        instance = f"/{_quoted(self.service_instance_id)}" if self.service_instance_id else ""
        context = {"project_id": self.project_id, "space_id": self.space_id}
        given = {**(query or {}), **{name: value for name, value in context.items() if value}}
        path = f"/openscale{instance}/v2/data_sets{below}"
        return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class ScoringPayloads:
    """The older API, v1: scoring payloads of a deployment, or feedback on them."""

    data_mart_id: str
    binding_id: str
    subscription_id: str
    deployment_id: str
    kind: str = PAYLOAD

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
        name = "feedback_payloads" if self.kind == FEEDBACK else "scoring_payloads"
        return f"/v1/data_marts/{_quoted(self.data_mart_id)}/{name}"

    def encoder(self, mapping: ColumnMapping) -> RecordEncoder | FeedbackEncoder:
        """Make what writes the body of a request."""
        if self.kind == FEEDBACK:
            return FeedbackEncoder(self.binding_id, self.subscription_id)
        ids = (self.binding_id, self.subscription_id, self.deployment_id)
        return scoring_payloads(mapping, *ids)

    def problems(self, mapping: ColumnMapping) -> list[str]:
        """Say what does not fit together, a sentence each."""
        return [] if self.kind == FEEDBACK else mapping_problems(mapping, meta=False)


Destination = DataSetRecords | ScoringPayloads


def _quoted(name: str) -> str:
    return quote(name, safe="")
