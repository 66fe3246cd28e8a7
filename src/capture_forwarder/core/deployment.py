"""A deployed function and what belongs to it, as AWS describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Identity:
    """Who asks: the account, the caller's ARN, and the region that is asked."""

    account: str
    arn: str
    region: str


@dataclass(frozen=True)
class Stack:
    """A CloudFormation stack.

    Parameters
    ----------
    name, arn
        The stack.
    status
        Such as CREATE_COMPLETE.
    created
        When it was made.
    parameters, outputs
        Name → value.
    resources
        Logical id → physical id.
    """

    name: str
    arn: str
    status: str
    created: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The region that it is in."""
        return self.arn.split(":")[3]

    @property
    def buckets(self) -> tuple[str, ...]:
        """The capture buckets."""
        return self.listed("CaptureBucket")

    @property
    def prefix(self) -> str:
        """How the keys of its capture files begin."""
        return self.parameters.get("CapturePrefix", "")

    @property
    def source(self) -> str:
        """How it hears of new files: `eventbridge`, `s3`, or the ARN of a topic or event bus."""
        return self.parameters.get("CaptureSource") or "eventbridge"

    @property
    def has_rule(self) -> bool:
        """Whether it hears of new files by a rule of EventBridge."""
        return self.source == "eventbridge" or ":event-bus/" in self.source

    def listed(self, parameter: str) -> tuple[str, ...]:
        """The values of a parameter that holds several, with commas; none if it is empty."""
        values = self.parameters.get(parameter, "").split(",")
        return tuple(value.strip() for value in values if value.strip())


@dataclass(frozen=True)
class FunctionState:
    """A Lambda function.

    Parameters
    ----------
    name, runtime, architecture
        The function, and what it runs on.
    state, state_reason
        Active, or why not.
    update, update_reason
        How its last update went, with Lambda's code and words if it failed.
    environment
        Its variables; they may hold secrets.
    environment_problem
        Why its variables cannot be decrypted, if so.
    """

    name: str
    runtime: str
    architecture: str
    state: str = "Active"
    state_reason: str = ""
    update: str = "Successful"
    update_reason: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment_problem: str = ""


@dataclass(frozen=True)
class MappingState:
    """An event source mapping from a queue to a function.

    Parameters
    ----------
    uuid
        What Lambda calls it.
    state, reason
        Enabled, or another state and why.
    responses
        Its FunctionResponseTypes.
    last_result
        How the last batch went, as far as Lambda says.
    """

    uuid: str
    state: str
    reason: str = ""
    responses: tuple[str, ...] = ()
    last_result: str = ""


@dataclass(frozen=True)
class RuleState:
    """An EventBridge rule: whether it is on, its pattern, and the ARNs of its targets."""

    name: str
    arn: str
    enabled: bool
    pattern: Mapping[str, object]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class QueueState:
    """An SQS queue: how many messages it holds, and what it is made to do with them."""

    url: str
    arn: str
    waiting: int
    in_flight: int
    delayed: int
    policy: Mapping[str, object]
    dead_letters_to: str | None
    kms_key: str | None


@dataclass(frozen=True)
class SecretState:
    """A secret: when it was deleted, if it was, and its KMS key, if it has one of its own."""

    deleted: datetime | None
    kms_key: str | None


@dataclass(frozen=True)
class Variant:
    """A production variant of an endpoint; one without servers of its own is serverless."""

    name: str
    serverless: bool = False


@dataclass(frozen=True)
class Capture:
    """Data Capture of an endpoint, as DescribeEndpoint and its configuration say.

    Parameters
    ----------
    enabled, started
        Whether it is configured, and whether it runs.
    sampling
        The percentage of calls that are captured.
    destination
        Where the files go: an address in S3.
    kms_key
        The key that SageMaker encrypts them with: an ARN, an id or an alias.
    sides
        Input and Output, or what of them is captured.
    typed
        Whether it names content types; without, payloads are captured in base64.
    """

    enabled: bool
    started: bool
    sampling: int
    destination: str
    kms_key: str | None = None
    sides: frozenset[str] = frozenset()
    typed: bool = True

    @property
    def bucket(self) -> str:
        """The bucket that the files go to."""
        return self._place[0]

    @property
    def prefix(self) -> str:
        """How their keys begin, with a slash at the end unless it is empty."""
        path = self._place[1].strip("/")
        return f"{path}/" if path else ""

    @property
    def _place(self) -> tuple[str, str]:
        scheme, _, rest = self.destination.partition("://")
        bucket, _, path = rest.partition("/")
        if scheme == "s3":
            return bucket, path
        # https://BUCKET.s3.REGION.amazonaws.com/PATH, or https://s3.REGION.amazonaws.com/BUCKET/PATH
        name, dot, _ = bucket.partition(".s3")
        if dot:
            return name, path
        first, _, path = path.partition("/")
        return first, path


@dataclass(frozen=True)
class Endpoint:
    """A SageMaker endpoint: its status, its variants, and its Data Capture if it has any."""

    name: str
    status: str
    variants: tuple[Variant, ...] = ()
    capture: Capture | None = None
