"""Which endpoints cannot have their Data Capture turned on from here, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from capture_forwarder.core.errors import AccountError, NotAllowedError, UsageError
from capture_forwarder.core.ports.operator import Buckets, EndpointConfig, RunningEndpoint
from capture_forwarder.setup.bucket import STACK_TAG
from capture_forwarder.setup.capture_settings import Capture, captured_sides, content_types

_READY = "InService"
_LATER = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


def refuse_kind(running: RunningEndpoint, config: EndpointConfig) -> None:
    """Refuse endpoints of kinds that capture nothing.

    Raises
    ------
    UsageError
        It is serverless, or made of inference components.
    """
    for variant in _variants(config):
        if "ServerlessConfig" in variant:
            raise UsageError(
                f"{running.name} is serverless (variant {variant.get('VariantName')}): SageMaker "
                "captures nothing of such endpoints.",
                "Deploy the model on instances.",
            )
        if "ModelName" not in variant:
            raise UsageError(
                f"{running.name} is made of inference components (variant "
                f"{variant.get('VariantName')} has no model of its own): SageMaker documents no "
                "Data Capture for them.",
                "Deploy the model in a variant of its own.",
            )


def refuse_state(running: RunningEndpoint) -> None:
    """Refuse an endpoint that cannot be updated now.

    Raises
    ------
    UsageError
        It is not in service, or is being updated.
    """
    pending = f", to the configuration {running.pending}" if running.pending else ""
    if running.status in _LATER or (running.status == _READY and running.pending):
        state = running.status if running.status != _READY else "about to be updated"
        raise UsageError(
            f"{running.name} is {state}{pending}.",
            "Wait until it is InService, and run this again.",
        )
    if running.status != _READY:
        why = f": {running.failure}" if running.failure else "."
        raise UsageError(
            f"{running.name} is {running.status}{why}", "Bring it back into service first."
        )


def refuse_managed(running: RunningEndpoint, tags: Mapping[str, str], capture: Capture) -> None:
    """Refuse an endpoint whose next deployment elsewhere would turn capture off again.

    Raises
    ------
    UsageError
        CloudFormation or Terraform manages it; the advice is what to write there.
    """
    end = "To change the endpoint nevertheless, add --anyway."
    if stack := tags.get(STACK_TAG):
        raise UsageError(
            f"{running.name} is managed by the CloudFormation stack {stack}, which would undo a "
            "change made here.",
            "In its template, add to the Properties of the AWS::SageMaker::EndpointConfig, and "
            f"deploy it:\n{json.dumps({'DataCaptureConfig': capture}, indent=2)}\n{end}",
        )
    if any("terraform" in word.lower() for pair in tags.items() for word in pair):
        raise UsageError(
            f"{running.name} is managed by Terraform, as its tags say, which would undo a change "
            "made here.",
            "Add to its aws_sagemaker_endpoint_configuration, and apply it:\n"
            f"{_terraform(capture)}\n{end}",
        )


def refuse_missing_bucket(buckets: Buckets, destination: str) -> None:
    """Refuse a destination that is not there; one that may not be looked at passes.

    Raises
    ------
    UsageError
        There is no such bucket.
    AccountError
        AWS cannot be asked.
    """
    bucket = destination.removeprefix("s3://").partition("/")[0]
    try:
        buckets.region(bucket)
    except NotAllowedError:
        return
    except AccountError as error:
        if error.code != "NoSuchBucket":
            raise
        raise UsageError(
            f"There is no bucket {bucket}.", "Name another by --destination."
        ) from error


def _variants(config: EndpointConfig) -> Iterator[Mapping[str, object]]:
    for kind in ("ProductionVariants", "ShadowProductionVariants"):
        yield from cast("Sequence[Mapping[str, object]]", config.settings.get(kind, ()))


def _terraform(capture: Capture) -> str:
    types = content_types(capture)
    lines = [
        "data_capture_config {",
        "  enable_capture              = true",
        f"  initial_sampling_percentage = {capture['InitialSamplingPercentage']}",
        f"  destination_s3_uri          = {json.dumps(capture['DestinationS3Uri'])}",
    ]
    if key := capture.get("KmsKeyId"):
        lines.append(f"  kms_key_id                  = {json.dumps(key)}")
    lines += [
        f'  capture_options {{ capture_mode = "{side}" }}'
        for side in sorted(captured_sides(capture))
    ]
    lines.append("  capture_content_type_header {")
    if types.csv:
        lines.append(f"    csv_content_types  = {json.dumps(types.csv)}")
    if types.json:
        lines.append(f"    json_content_types = {json.dumps(types.json)}")
    return "\n".join([*lines, "  }", "}"])
