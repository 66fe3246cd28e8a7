"""What AWS refused of a call about the account, and which IAM action allows it."""

from __future__ import annotations

import re

from capture_forwarder.aws.errors import (
    EXPIRED_LOGIN,
    NO_CREDENTIALS,
    AwsError,
    Cause,
    read_error,
    words_of,
)
from capture_forwarder.core.errors import AccountError, NotAllowedError

_DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "UnauthorizedOperation",
    }
)

# Where the IAM action is not the service's prefix and the operation's name. Source: AWS, "Actions,
# resources, and condition keys" in the Service Authorization Reference.
_ACTIONS = {
    ("s3", "GetBucketNotificationConfiguration"): "s3:GetBucketNotification",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "PutBucketNotificationConfiguration"): "s3:PutBucketNotification",
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("lambda", "GetAccountSettings"): "lambda:GetAccountSettings",
}

_NAMED_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def account_error(
    service: str, operation: str, error: AwsError, *, quote: bool = True
) -> AccountError:
    """Say what AWS refused, and which IAM action allows it.

    Parameters
    ----------
    service, operation
        What was called.
    error
        What the call raised.
    quote
        Whether to show AWS's own words. The operator's calls hold no rows, so they may be shown;
        in the function's log they may not.
    """
    failure = read_error(error)
    words = words_of(error)
    says = f"{failure.sentence}: {words}" if words and quote else f"{failure.sentence}."
    says = says if says.endswith(".") else f"{says}."
    # A call may need another action, too, such as iam:PassRole; then AWS names it.
    named = _NAMED_ACTION.search(words)
    action = named[1] if named else _ACTIONS.get((service, operation), f"{service}:{operation}")
    message = f"{operation} failed: {says}"
    if failure.code in _DENIED:
        return NotAllowedError(message, f"Allow {action}.", code=failure.code, action=action)
    return AccountError(message, _advice(error, failure.cause), code=failure.code)


def _advice(error: AwsError, cause: Cause) -> str:
    """What a person at a terminal can do next."""
    if isinstance(error, NO_CREDENTIALS):
        return (
            "Name a profile by --profile or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; `aws configure list-profiles` lists profiles."
        )
    if isinstance(error, EXPIRED_LOGIN):
        return "Log in: aws sso login, with --profile where you give one here."
    if cause is Cause.CREDENTIALS:
        return "Log in again, or name another profile by --profile."
    return "Check the region and the network, and try again." if cause is Cause.TEMPORARY else ""
