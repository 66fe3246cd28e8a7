"""Checks of the way from a bucket's announcement to the function, and of what is left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.watched import Metric
from capture_forwarder.setup.findings import Found, failure, fine, not_known, warning
from capture_forwarder.setup.subject import Subject

_DAY = 24 * 60 * 60


def rule(subject: Subject) -> Iterator[Found]:
    """Whether the rule takes the bucket's files, and hands them to the queue."""
    if not subject.stack.has_rule:
        yield fine(f"There is no rule to look at: CaptureSource is {subject.stack.source}.")
        return
    found = subject.rule
    if not found.enabled:
        yield failure(
            "The rule is switched off.", f"Switch it on: aws events enable-rule --name {found.name}"
        )
    queue = subject.account.deployment.queue(subject.resource("CaptureQueue"))
    if queue.arn not in found.targets:
        yield failure("The rule does not have the queue as a target.", "Run `sam deploy` again.")
    missed = [bucket for bucket in subject.stack.buckets if not takes(found.pattern, bucket)]
    for bucket in missed:
        yield failure(f"The rule takes no files of {bucket}.", "Run `sam deploy` again.")
    for folder in subject.folders:
        for file in folder.files:
            if folder.bucket not in missed and not takes(found.pattern, file.bucket, file.key):
                yield failure(
                    f"The rule does not take {file}.",
                    "Correct CapturePrefix, and deploy the stack.",
                )
                return


def takes(pattern: Mapping[str, object], bucket: str, key: str | None = None) -> bool:
    """Whether a rule's pattern takes the files of a bucket, or one with a key.

    Source: "Comparison operators" in the EventBridge user guide, of which exact names, `prefix`,
    `suffix` and `wildcard` are read here; anything else takes nothing.
    """
    detail = _part(pattern, "detail")
    if not _any_fits(_part(detail, "bucket").get("name"), bucket):
        return False
    return key is None or _any_fits(_part(detail, "object").get("key"), key)


def _part(document: object, name: str) -> Mapping[str, object]:
    part = document.get(name) if isinstance(document, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _any_fits(matchers: object, text: str) -> bool:
    if matchers is None:
        return True  # a field that the pattern does not name may hold anything
    return isinstance(matchers, list) and any(_fits(one, text) for one in matchers)


def _fits(matcher: object, text: str) -> bool:
    if not isinstance(matcher, Mapping):
        return matcher == text
    found = {name: str(value) for name, value in matcher.items()}
    if "wildcard" in found:
        parts = map(re.escape, found["wildcard"].split("*"))
        return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None
    if "prefix" in found:
        return text.startswith(found["prefix"])
    return "suffix" in found and text.endswith(found["suffix"])


def queue(subject: Subject) -> Iterator[Found]:
    """Whether the queue takes what the rule sends, and what it does with what fails."""
    found = subject.account.deployment.queue(subject.resource("CaptureQueue"))
    for who, arn in _senders(subject):
        if not _may_send(found.policy, arn):
            yield failure(
                f"The queue's policy does not let {who} send messages.", "Run `sam deploy` again."
            )
    if found.dead_letters_to is None:
        yield failure(
            "Messages that fail are tried again for ever, and then lost: the queue has no "
            "dead-letter queue.",
            "Run `sam deploy` again.",
        )
    if found.kms_key is not None:
        yield warning(
            f"Somebody gave the queue the key {found.kms_key}.",
            "Its policy must allow kms:GenerateDataKey and kms:Decrypt to events.amazonaws.com, "
            "and the function's role needs kms:Decrypt.",
        )


def _senders(subject: Subject) -> Iterator[tuple[str, str]]:
    """Who sends to the queue, and as whom the template's policy knows it."""
    source = subject.stack.source
    if subject.stack.has_rule:
        yield "the rule", subject.rule.arn
    elif source == "s3":
        yield from ((bucket, f"arn:*:s3:::{bucket}") for bucket in subject.stack.buckets)
    else:
        yield "the topic", source


def _may_send(policy: Mapping[str, object], sender: str) -> bool:
    statements = policy.get("Statement")
    for one in statements if isinstance(statements, list) else [statements]:
        if not isinstance(one, Mapping) or one.get("Effect") != "Allow":
            continue
        actions = {action.lower() for action in _texts(one.get("Action"))}
        sources = _texts([_part(one, "Condition")])
        if actions & {"sqs:sendmessage", "sqs:*", "*"} and (sender in sources or not sources):
            return True
    return False


def _texts(value: object) -> list[str]:
    """Every text in a value, at any depth, but not the names of its members."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


def dead_letters(subject: Subject) -> Iterator[Found]:
    """Whether messages have failed for good. Nothing is received, since that counts as a try."""
    url = subject.resource("DeadLetterQueue")
    found = subject.account.deployment.queue(url)
    count = found.waiting + found.in_flight
    if count:
        age = Metric(
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            (("QueueName", url.rpartition("/")[2]),),
            "Maximum",
        )
        since = subject.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        values = subject.account.watching.values([age], since, subject.now)
        oldest = f", the oldest {values[age] / _DAY:.0f} days ago" if age in values else ""
        one = "1 message has" if count == 1 else f"{count} messages have"
        yield failure(
            f"{one} failed five times{oldest}; after 14 days they are deleted.",
            f"See which: capture-forwarder dead-letters list {url}",
        )


def secrets(subject: Subject) -> Iterator[Found]:
    """Whether the secrets are there; their values are not read."""
    allowed = subject.stack.listed("SecretKmsKeyArn")
    named = [
        value
        for name, value in sorted(subject.function.environment.items())
        if name.endswith("_SECRET_ARN") and value
    ]
    for arn in dict.fromkeys([*named, *subject.stack.listed("SecretArns")]):
        try:
            found = subject.account.deployment.secret(arn)
        except AccountError as error:
            if error.code == "ResourceNotFoundException":
                yield failure(f"The secret {arn} does not exist.", "Make it, or correct its ARN.")
            else:
                yield not_known(error)
            continue
        if found.deleted is not None:
            yield failure(
                f"The secret {arn} was deleted on {found.deleted:%Y-%m-%d}.",
                f"Bring it back: aws secretsmanager restore-secret --secret-id {arn}",
            )
        key = found.kms_key
        if key and not key.endswith("alias/aws/secretsmanager") and key not in allowed:
            yield failure(
                f"The secret {arn} is encrypted with {key}, which the function may not use.",
                "Add the key's ARN to SecretKmsKeyArn, and deploy the stack.",
            )


def ledger(subject: Subject) -> Iterator[Found]:
    """Whether the ledger's table takes writes."""
    table = subject.resource("LedgerTable")
    status = subject.account.deployment.table_status(table)
    if status != "ACTIVE":
        yield failure(f"The ledger's table {table} is {status}.", "Wait, or deploy the stack.")
    throttled = Metric("AWS/DynamoDB", "WriteThrottleEvents", (("TableName", table),))
    values = subject.account.watching.values([throttled], subject.since, subject.now)
    if values.get(throttled, 0):
        yield warning(
            f"{values[throttled]:.0f} writes to the ledger were throttled within a day.",
            "Lower MaximumConcurrency, or bill the table on demand.",
        )


def quarantine(subject: Subject) -> Iterator[Found]:
    """Whether lines could not be forwarded, by reason."""
    bucket = subject.resource("QuarantineBucket")
    folders = subject.account.buckets.page(bucket, "quarantine/", folders=True).folders
    counts = []
    for folder in folders:
        page = subject.account.buckets.page(bucket, folder)
        reason = folder.split("/")[-2]
        counts.append(f"{reason} ({len(page.files)}{' or more' if page.more else ''})")
    if counts:
        yield warning(
            f"The quarantine holds files of lines by reason: {', '.join(counts)}.",
            f"See them: capture-forwarder quarantine list s3://{bucket}/quarantine",
        )
