"""Checks of the endpoints, of what they capture, and of whether that fits the mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.deployment import Capture, Endpoint
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.core.watched import Metric
from capture_forwarder.forwarding.router import matching
from capture_forwarder.parser import compile_mapping, read_lines
from capture_forwarder.settings import RouteSettings
from capture_forwarder.setup.findings import Found, failure, not_known, warning
from capture_forwarder.setup.subject import Folder, Subject

_MOST_LINES = 200
_ALL = 100
_BOTH = frozenset({"Input", "Output"})
_TURN_ON = "Turn it on: capture-forwarder connect endpoint"


def endpoints(subject: Subject) -> Iterator[Found]:
    """Whether endpoints capture all calls, both sides, into the stack's buckets."""
    here = [one for one in subject.endpoints if subject.captures_here(one)]
    if not here:
        yield failure(
            f"No endpoint in {subject.stack.region} captures into "
            f"{', '.join(subject.stack.buckets)}/{subject.stack.prefix}.",
            "Turn on Data Capture of an endpoint (capture-forwarder connect endpoint), or correct "
            "CaptureBucket and CapturePrefix.",
        )
    for endpoint in subject.endpoints:
        yield from _endpoint(subject, endpoint, here=endpoint in here)


def _endpoint(subject: Subject, endpoint: Endpoint, *, here: bool) -> Iterator[Found]:
    name, capture = endpoint.name, endpoint.capture
    before = [folder for folder in subject.folders if _of(folder, name)]
    if any(variant.serverless for variant in endpoint.variants) and (here or before):
        yield failure(f"{name} is serverless, and captures nothing.", "Give it instances.")
    if capture is None or not capture.enabled:
        todo = f"{_TURN_ON} {name}. A deployment may have left it out."
        if any(folder.count for folder in before):
            yield failure(f"{name} has lost its Data Capture, and had it within a day.", todo)
        elif before:
            yield warning(f"{name} has no Data Capture any more; there are old files of it.", todo)
        elif capture is not None and here:
            yield failure(f"Data Capture of {name} is off.", f"{_TURN_ON} {name}.")
        return
    if not here:
        if capture.bucket in subject.stack.buckets:
            yield failure(
                f"{name} captures to {capture.destination}, outside of CapturePrefix "
                f"({subject.stack.prefix}).",
                "Correct CapturePrefix, and deploy the stack.",
            )
        return
    if endpoint.status != "InService":
        yield warning(f"{name} is {endpoint.status}.", "See it in the SageMaker console.")
    yield from _capture(subject, name, capture)


def _capture(subject: Subject, name: str, capture: Capture) -> Iterator[Found]:
    if not capture.started:
        yield failure(
            f"Data Capture of {name} is stopped.",
            "Look at the disk of its instances (/aws/sagemaker/Endpoints DiskUtilization): above "
            "about 75 % SageMaker stops it. Update the endpoint to start it.",
        )
    if capture.sampling < _ALL:
        yield warning(
            f"{name} captures {capture.sampling} % of its calls.",
            f"To capture all of them: capture-forwarder connect endpoint {name}.",
        )
    if missing := sorted(_BOTH - capture.sides):
        yield failure(
            f"{name} does not capture {' and '.join(missing)}.",
            f"To capture both sides: capture-forwarder connect endpoint {name}.",
        )
    if not capture.typed:
        yield warning(
            f"{name} names no content types: payloads are captured in base64, a third larger.",
            f"To name them: capture-forwarder connect endpoint {name}.",
        )
    allowed = subject.stack.listed("CaptureKmsKeyArn")
    key = capture.kms_key
    if key and not any(key in {arn, arn.rpartition("/")[2]} for arn in allowed):
        yield failure(
            f"{name} encrypts its captures with {key}, which the function may not use.",
            "Add the key's ARN to CaptureKmsKeyArn, and deploy the stack.",
        )


def _of(folder: Folder, endpoint: str) -> bool:
    return folder.path.split("/")[-3:-2] == [endpoint]


def calls(subject: Subject) -> Iterator[Found]:
    """Whether endpoints are called, and no file of it appears."""
    asked = [
        (endpoint.name, variant.name, _invocations(endpoint.name, variant.name))
        for endpoint in subject.endpoints
        if subject.captures_here(endpoint)
        for variant in endpoint.variants
    ]
    metrics = [metric for _, _, metric in asked]
    values = subject.account.watching.values(metrics, subject.since, subject.now) if asked else {}
    for endpoint, variant, metric in asked:
        count = values.get(metric, 0)
        if count and not any(folder.count for folder in subject.folder_of(endpoint, variant)):
            yield failure(
                f"{endpoint} was called {count:.0f} times within a day (variant {variant}), and "
                "no file of that is in S3.",
                "Check that its execution role has s3:PutObject on the destination, and "
                "kms:GenerateDataKey on its key; and that its instances' disks are not full.",
            )


def _invocations(endpoint: str, variant: str) -> Metric:
    return Metric(
        "AWS/SageMaker", "Invocations", (("EndpointName", endpoint), ("VariantName", variant))
    )


def mapping(subject: Subject) -> Iterator[Found]:
    """Whether the newest files fit the mapping; counts by reason, and never a row."""
    for folder in subject.folders:
        for route in _routes(subject, folder):
            reasons: Counter[str] = Counter()
            good = 0
            for file in folder.files:
                try:
                    found = list(_rejections(subject, route, file))
                except CaptureFileError as error:
                    yield not_known(error)
                    continue
                good += found.count(None)
                reasons.update(reason for reason in found if reason is not None)
            if not reasons:
                continue
            listed = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
            says = f"Lines of s3://{folder.bucket}/{folder.path} do not fit {route.name}: {listed}"
            todo = f"See what they hold: capture-forwarder inspect {folder.files[-1]}"
            if good:
                yield warning(f"{says}; {good} fit.", todo)
            else:
                yield failure(f"{says}; none fits.", todo)


def _routes(subject: Subject, folder: Folder) -> list[RouteSettings]:
    return matching(subject.routes, folder.files[-1]) if folder.files else []


def _rejections(subject: Subject, route: RouteSettings, file: CaptureFile) -> Iterator[str | None]:
    """For each of the first lines, why it is rejected; None where it is not."""
    parse = compile_mapping(route.columns, Schema()).for_file(file)
    with subject.account.store.open(file) as opened:
        lines = read_lines(opened.stream, subject.settings.max_line_bytes)
        for line in islice(lines, _MOST_LINES):
            if line.too_long or not line.data.strip():
                continue
            parsed = parse(line.data)
            yield parsed.reason.value if isinstance(parsed, Rejection) else None
