"""SageMaker endpoints and their Data Capture."""

from __future__ import annotations

from typing import Any

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.deployment import Capture, Endpoint, Variant

_BOTH = frozenset({"Input", "Output"})


class SageMakerEndpoints:
    """The endpoints of a region; see `Endpoints`."""

    def __init__(self, calls: AwsCalls) -> None:
        self._calls = calls

    def names(self) -> tuple[str, ...]:
        """The names of all endpoints; see `Endpoints.names`."""
        return tuple(
            found["EndpointName"]
            for page in self._calls.pages("sagemaker", "ListEndpoints")
            for found in page["Endpoints"]
        )

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint; see `Endpoints.endpoint`."""
        found = self._calls.call("sagemaker", "DescribeEndpoint", EndpointName=name)
        config = self._calls.call(
            "sagemaker", "DescribeEndpointConfig", EndpointConfigName=found["EndpointConfigName"]
        )
        variants = tuple(
            Variant(one["VariantName"], "ServerlessConfig" in one)
            for one in config.get("ProductionVariants", [])
        )
        capture = _capture(found.get("DataCaptureConfig"), config.get("DataCaptureConfig"))
        return Endpoint(name, found["EndpointStatus"], variants, capture)


def _capture(running: Any, configured: Any) -> Capture | None:  # noqa: ANN401 - decoded JSON
    """Data Capture as it runs, completed by what only the configuration says."""
    if not configured and not running:
        return None
    runs, config = running or {}, configured or {}
    modes = {one["CaptureMode"] for one in config.get("CaptureOptions", [])}
    types = config.get("CaptureContentTypeHeader", {})
    return Capture(
        enabled=bool(runs.get("EnableCapture", config.get("EnableCapture", False))),
        started=runs.get("CaptureStatus", "Started") == "Started",
        sampling=int(
            runs.get("CurrentSamplingPercentage", config.get("InitialSamplingPercentage", 100))
        ),
        destination=runs.get("DestinationS3Uri") or config.get("DestinationS3Uri", ""),
        kms_key=runs.get("KmsKeyId") or config.get("KmsKeyId"),
        sides=_BOTH if "InputAndOutput" in modes else frozenset(modes),
        typed=bool(types.get("CsvContentTypes") or types.get("JsonContentTypes")),
    )
