"""What Arthur says of the inferences of a request → a receipt, or an error if it does not tell.

The answer counts successes and failures and lists the failures alone, each with the event's id
and the inference's index in it. Nothing is guessed: an answer that does not account for every
inference that was sent says of none what became of it. Source: arthur-client 1.4.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

import msgspec
import requests

from capture_forwarder.core.batch import Receipt
from capture_forwarder.core.errors import BatchRefusedError, PlatformUnavailableError
from capture_forwarder.publishers.arthur.requests import SentLine
from capture_forwarder.publishers.http import Service, may_pass

_LONGEST_QUOTE = 2000
# 207 is what Arthur answers; its body says more than the status does.
_ANSWERED = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS})


class Failure(msgspec.Struct, frozen=True):
    """An inference that Arthur did not take."""

    status: int
    message: object = ""
    event_id: str | None = None
    inference_index_in_event: int | None = None

    @property
    def said(self) -> str:
        """Arthur's words, which may quote values."""
        return words_of(self.status, self.message)


class _Counts(msgspec.Struct, frozen=True):
    success: int
    failure: int


class _Answer(msgspec.Struct, frozen=True):
    counts: _Counts
    failures: list[Failure] | None = None


_decode = msgspec.json.Decoder(_Answer, strict=False).decode


def has_failed(status: int) -> bool:
    """Whether the status of an inference says that Arthur failed at it."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR


def may_pass_later(status: int) -> bool:
    """Whether Arthur failed at an inference or is busy, and does not refuse it."""
    return has_failed(status) or may_pass(status)


def words_of(status: int, message: object) -> str:
    """What Arthur says of an inference that it did not take; it may quote values."""
    text = message[:_LONGEST_QUOTE] if isinstance(message, str) else ""
    if has_failed(status):
        return f"Arthur failed at it with status {status}. {text}".strip()
    return text or f"Arthur refused it with status {status}."


def arthur_service(url: str, model_id: str) -> Service:
    """Describe an Arthur instance and one of its models."""
    return Service(
        "Arthur",
        url,
        "ARTHUR_HOST",
        {
            HTTPStatus.UNAUTHORIZED: (
                "The token is wrong or expired: put one with raw_data write into "
                "ARTHUR_ACCESS_TOKEN, or into what ARTHUR_ACCESS_TOKEN_SECRET_ARN or "
                "ARTHUR_ACCESS_TOKEN_PARAMETER names."
            ),
            HTTPStatus.PAYMENT_REQUIRED: (
                "Your Arthur plan does not allow it; ask whoever manages the account."
            ),
            HTTPStatus.FORBIDDEN: (
                f"Give the token raw_data write on model {model_id}; if it belongs to several "
                "organisations, set ARTHUR_ORGANIZATION_ID."
            ),
            HTTPStatus.NOT_FOUND: (
                f"There is no model {model_id}, or no v3 API: check ARTHUR_MODEL_ID and "
                "ARTHUR_HOST."
            ),
        },
        "Check ARTHUR_HOST (redirections are not followed), ARTHUR_MODEL_ID and the server.",
    )


def check_answered(response: requests.Response, service: Service, doing: str, rows: int) -> None:
    """Make sure that an answer is one whose body tells what became of the rows.

    Raises
    ------
    PublishError
        It is a refusal, or none of Arthur's answers.
    """
    status = response.status_code
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise service.refusal(status, response, doing, rows)
    if status not in _ANSWERED:
        raise service.foreign(f"answered {status} with something that is not Arthur's")


def read_receipt(
    body: bytes, lines: Sequence[SentLine], service: Service, wait: float | None = None
) -> Receipt:
    """Read an answer to a request.

    Parameters
    ----------
    body
        The answer.
    lines
        What was sent.
    service
        Where to.
    wait
        How many seconds it asks to wait.

    Raises
    ------
    PlatformUnavailableError
        The answer is not Arthur's, or does not tell what became of the inferences.
    BatchRefusedError
        Nor does it, and all that it tells of are refusals.
    """
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise service.foreign("answered with something that is not Arthur's") from error
    failures = answer.failures or []
    if any(failure.status < HTTPStatus.BAD_REQUEST for failure in failures):
        raise service.foreign("answered with failures that have the status of a success")
    counts = answer.counts
    found = _positions(failures, lines)
    sent = lines[-1].positions.stop
    whole = counts.failure == len(failures) and counts.success + counts.failure == sent
    if found is None or not whole:
        raise _untold(failures, sent, service)
    refused = {
        position: failure.said
        for position, failure in found.items()
        if not may_pass_later(failure.status)
    }
    again = sorted(found.keys() - refused.keys())
    failed = {
        position: failure.said for position, failure in found.items() if has_failed(failure.status)
    }
    return Receipt(refused, again, wait if again else None, failed)


def _positions(failures: Iterable[Failure], lines: Sequence[SentLine]) -> dict[int, Failure] | None:
    """Find the inference that each failure tells of; None if that is not certain for each.

    Several lines may have one event id: then all inferences of that id and index must have
    failed, and are taken in order.
    """
    failed: dict[tuple[str | None, int | None], list[Failure]] = {}
    for failure in failures:
        key = (failure.event_id, failure.inference_index_in_event)
        failed.setdefault(key, []).append(failure)
    by_event: dict[str, list[range]] = {}
    by_call: dict[str, list[range]] = {}
    for line in lines if failed else ():
        by_event.setdefault(line.event_id, []).append(line.positions)
        by_call.setdefault(line.call_id, []).append(line.positions)
    found: dict[int, Failure] = {}
    for (name, index), same in failed.items():
        named = by_event.get(name or "") or by_call.get(name or "", [])
        if index is None and any(len(positions) > 1 for positions in named):
            return None
        at = index or 0
        fitting = [positions[at] for positions in named if 0 <= at < len(positions)]
        if len(fitting) != len(same):
            return None
        found.update(zip(fitting, same, strict=True))
    return found


def _untold(
    failures: Sequence[Failure], sent: int, service: Service
) -> BatchRefusedError | PlatformUnavailableError:
    """An answer from which no inference's fate is certain.

    Refusals alone are narrowed down by sending less, to one inference at last, whose refusal is
    certain whatever it is called.
    """
    message = f"Arthur at {service.url} does not tell what became of each of {sent} inference(s)."
    if failures and not any(may_pass_later(failure.status) for failure in failures):
        advice = "They are sent in smaller pieces, with the same ids."
        return BatchRefusedError(message, advice, platform_message=failures[0].said)
    return PlatformUnavailableError(message, "They are sent again with the same ids.")
