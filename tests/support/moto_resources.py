"""What moto's CloudFormation lacks and the templates need.

Types of resources: each is made through moto's own API of its service, so that botocore checks its
properties. And lists: a part that `AWS::NoValue` stands for is not joined with the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from types import new_class
from typing import Any

import boto3
from moto.cloudformation import parsing
from moto.cloudformation.models import Stack
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from samcli.yamlhelper import yaml_parse

Properties = Mapping[str, Any]
Made = tuple[str, str]
"""What `Ref` gives for a resource, and what its ARN is."""


@cache
def _client(service: str, region: str) -> Any:
    return boto3.client(service, region)  # type: ignore[call-overload]


def _alarm(given: Properties, region: str) -> Made:
    whole = {"Period", "EvaluationPeriods", "DatapointsToAlarm"}
    converted = {name: int(value) if name in whole else value for name, value in given.items()}
    converted["Threshold"] = float(given["Threshold"])
    _client("cloudwatch", region).put_metric_alarm(**converted)
    name = given["AlarmName"]
    return name, cloudwatch_backends[ACCOUNT_ID][region].alarms[name].alarm_arn


def _queue_policy(given: Properties, region: str) -> Made:
    client = _client("sqs", region)
    policy = json.dumps(given["PolicyDocument"])
    for url in given["Queues"]:
        client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return "queue-policy", ""


def _bucket_policy(given: Properties, region: str) -> Made:
    # moto ignores conditions, so that a denial without TLS would keep everybody out.
    document = given["PolicyDocument"]
    followed = [one for one in document["Statement"] if one["Effect"] == "Allow"]
    if followed:
        policy = json.dumps({**document, "Statement": followed})
        _client("s3", region).put_bucket_policy(Bucket=given["Bucket"], Policy=policy)
    return given["Bucket"], ""


def _topic_policy(given: Properties, region: str) -> Made:
    client = _client("sns", region)
    policy = json.dumps(given["PolicyDocument"])
    for arn in given["Topics"]:
        client.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return "topic-policy", ""


def _subscription(given: Properties, region: str) -> Made:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
        if name in {"RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"}
    }
    client = _client("sns", given.get("Region", region))
    made = client.subscribe(
        TopicArn=given["TopicArn"],
        Protocol=given["Protocol"],
        Endpoint=given["Endpoint"],
        Attributes=texts,
        ReturnSubscriptionArn=True,
    )
    return made["SubscriptionArn"], made["SubscriptionArn"]


def _schedule(given: Properties, region: str) -> Made:
    client = _client("scheduler", region)
    name = f"schedule-{len(client.list_schedules()['Schedules'])}"
    retries = given["Target"]["RetryPolicy"]
    whole = {name: int(value) for name, value in retries.items()}
    target = {**given["Target"], "RetryPolicy": whole}
    made = client.create_schedule(**{**given, "Name": name, "Target": target})
    return name, made["ScheduleArn"]


def _event_invoke_config(given: Properties, region: str) -> Made:
    limits = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
    whole = {name: int(given[name]) for name in limits}
    _client("lambda", region).put_function_event_invoke_config(**{**given, **whole})
    return "event-invoke-config", ""


_MAKERS: Mapping[str, tuple[str, Callable[[Properties, str], Made]]] = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", _alarm),
    "AWS::Lambda::EventInvokeConfig": ("awslambda", _event_invoke_config),
    "AWS::Scheduler::Schedule": ("scheduler", _schedule),
    "AWS::S3::BucketPolicy": ("s3", _bucket_policy),
    "AWS::SNS::Subscription": ("sns", _subscription),
    "AWS::SNS::TopicPolicy": ("sns", _topic_policy),
    "AWS::SQS::QueuePolicy": ("sqs", _queue_policy),
}


def _parse(template: str) -> Any:
    # moto takes YAML's parser for JSON, too, which takes a hundred times as long.
    return json.loads(template) if template.startswith("{") else yaml_parse(template)


@cache
def complete_cloudformation() -> tuple[type[CloudFormationModel], ...]:
    """Have moto know the types that it lacks and join as CloudFormation does, from now on.

    Returns
    -------
    tuple of type
        The models. moto finds them as long as somebody holds them, which the cache does.
    """
    original = parsing.clean_json

    def clean(value: Any, resources: parsing.ResourceMap) -> Any:
        if isinstance(value, dict) and "Fn::Join" in value:
            between, parts = value["Fn::Join"]
            joined = without_nothing(original(parts, resources))
            return between.join(map(str, joined))
        return original(value, resources)

    vars(parsing)["clean_json"] = clean
    # As YAML, which moto tries first, the same takes twenty times as long.
    Stack.parse_template = staticmethod(_parse)  # type: ignore[method-assign]
    made = tuple(_model(name, *maker) for name, maker in _MAKERS.items())
    for known in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        known.cache_clear()
    return made


def without_nothing(value: Any) -> Any:
    """A value of a template without what `AWS::NoValue` leaves in moto: nulls."""
    if isinstance(value, Mapping):
        return {name: without_nothing(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nothing(one) for one in value if one is not None]
    return value


class _Resource:
    """A resource that was made."""

    def __init__(self, reference: str, arn: str) -> None:
        self.physical_resource_id = reference
        self._arn = arn

    def get_cfn_attribute(self, attribute: str) -> str:
        assert attribute == "Arn"
        return self._arn

    def is_created(self) -> bool:
        return True

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def has_cfn_attr(cls, attribute: str) -> bool:
        return attribute == "Arn"

    @classmethod
    def delete_from_cloudformation_json(cls, *_: Any, **__: Any) -> None:
        """Leave it: a test's account is gone with the test."""


def _model(
    name: str, service: str, make: Callable[[Properties, str], Made]
) -> type[CloudFormationModel]:
    def create(
        cls: Any, /, _name: str, written: Properties, _account: str, region_name: str, **_: Any
    ) -> Any:
        return cls(*make(without_nothing(written["Properties"]), region_name))

    def members(found: dict[str, Any]) -> None:
        # moto takes the name of the service from the module.
        found["__module__"] = f"moto.{service}.models"
        found["cloudformation_type"] = staticmethod(lambda: name)
        found["create_from_cloudformation_json"] = classmethod(create)

    # moto looks at direct subclasses only.
    return new_class(name.replace(":", ""), (_Resource, CloudFormationModel), {}, members)
