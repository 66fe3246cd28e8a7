"""The contract of `Publisher`, held by every implementation against its own platform: errors.

What can befall each publisher stands with it in `tests/support/publishers_under_test/`. No
error and no log line here may hold a token or a value of a row.
"""

from __future__ import annotations

from typing import Literal

import pytest

from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.forwarding.sending import BatchSender
from tests.support.platforms.faults import Slow, Status
from tests.support.publishers_under_test.base import PLANTED, Cause, OverHttp
from tests.support.publishers_under_test.bench import Bench, Put, check_is_private
from tests.support.publishers_under_test.registry import OVER_HTTP, PUBLISHERS

every_publisher = pytest.mark.parametrize("name", PUBLISHERS)
every_http_publisher = pytest.mark.parametrize("name", OVER_HTTP)


def every(error: str) -> pytest.MarkDecorator:
    """Run a test for all that can befall each publisher and must become this error."""
    pairs = [(name, cause) for name, entry in PUBLISHERS.items() for cause in getattr(entry, error)]
    return pytest.mark.parametrize(("name", "cause"), pairs, ids=map("-".join, pairs))


# --- what passes -----------------------------------------------------------------------------


@every("unavailable")
def test_what_may_pass_is_told_as_such_after_one_try(name: str, cause: str, put: Put) -> None:
    here = put(name)
    batch = here.batch()
    happens: Cause = PUBLISHERS[name].unavailable[cause]
    happens(here.platform)

    error = here.fails(batch)

    assert isinstance(error, PlatformUnavailableError)
    assert here.platform.tries <= 1
    if "Retry-After" in cause:
        assert error.retry_after == 2.0
    here.platform.mend()
    here.publish(batch)
    assert set(here.stored()) == {"call-0", "call-1", "call-2"}
    if here.platform.replaces:
        assert set(here.stored().values()) == {1}


@every_http_publisher
def test_an_answer_that_does_not_come_in_time_may_pass(name: str, put: Put) -> None:
    here = put(name, FORWARDER_REQUEST_TIMEOUT_SECONDS="0.5")
    assert isinstance(here.platform, OverHttp)
    here.platform.server.fail_when(lambda request: bool(request.publish_number), Slow())

    assert isinstance(here.fails(here.batch()), PlatformUnavailableError)
    assert here.platform.tries <= 1


@every_http_publisher
def test_a_server_that_nobody_answers_at_may_pass(name: str, put: Put) -> None:
    here = put(name, door=True)
    with pytest.raises(PlatformUnavailableError) as raised:
        here.publisher.publish(here.batch())
    check_is_private(str(raised.value))
    assert here.platform.tries == 0


@every_publisher
def test_no_outcome_is_waited_for_behind_the_deadline(name: str, put: Put) -> None:
    here = put(name)
    here.platform.delay_outcomes()
    batch = here.batch()
    deadline = here.clock.monotonic() + 7.0
    try:
        here.publish(batch, deadline)
    except PlatformUnavailableError as error:
        check_is_private(str(error))
    assert here.clock.monotonic() <= deadline


# --- credentials -----------------------------------------------------------------------------


@every("credentials_refused")
def test_refused_credentials_are_told_as_such(name: str, cause: str, put: Put) -> None:
    here = put(name)
    batch = here.batch()
    happens: Cause = PUBLISHERS[name].credentials_refused[cause]
    happens(here.platform)

    assert isinstance(here.fails(batch), CredentialsRefusedError)
    # Once, and once more with a token that was fetched afresh.
    assert here.platform.tries <= 2


@every_http_publisher
def test_a_secret_that_was_renewed_costs_one_more_request_and_no_failure(
    name: str, put: Put
) -> None:
    here = put(name)
    here.publish(here.batch(1, "before"))
    here.platform.expire()
    here.platform.renew()

    here.publish(here.batch(1, "after"))

    assert here.platform.tries == 3
    assert here.stored() == {"before-0": 1, "after-0": 1}


@every_http_publisher
def test_a_secret_that_nobody_renewed_fails_until_somebody_does(name: str, put: Put) -> None:
    here = put(name)
    here.publish(here.batch(1, "before"))
    here.platform.expire()
    for _ in range(2):
        assert isinstance(here.fails(here.batch(1, "after")), CredentialsRefusedError)

    here.platform.renew()
    here.publish(here.batch(1, "after"))
    assert here.stored() == {"before-0": 1, "after-0": 1}


# --- what somebody has to change -------------------------------------------------------------


@every("misconfigured")
def test_what_somebody_has_to_change_is_told_as_such_with_advice(
    name: str, cause: str, put: Put
) -> None:
    here = put(name)
    batch = here.batch()
    happens: Cause = PUBLISHERS[name].misconfigured[cause]
    happens(here.platform)

    error = here.fails(batch)

    assert isinstance(error, PublisherMisconfiguredError)
    assert error.advice
    assert here.platform.tries <= 1


# --- what a batch holds ----------------------------------------------------------------------

BAD = {"first": [0], "middle": [3], "last": [6], "several": [1, 4, 5]}


@every_http_publisher
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("where", BAD)
def test_refused_rows_are_named_or_the_batch_is_refused_with_nothing_stored(
    where: str, status: int, name: str, put: Put
) -> None:
    here, platform, bad = refusing(name, put, where, status)
    try:
        receipt = here.publisher.publish(here.batch(7))
    except BatchRefusedError as error:
        refusal = error
    else:
        assert sorted(receipt.refused) == BAD[where]
        assert all(platform.says in said for said in receipt.refused.values())
        assert set(here.stored()) == {f"call-{n}" for n in range(7)} - bad
        return
    assert not isinstance(refusal, BatchTooLargeError)
    assert platform.says in refusal.platform_message
    check_is_private(str(refusal))
    assert here.stored() == {}


@every_http_publisher
@pytest.mark.parametrize("where", BAD)
def test_delivering_leaves_out_the_refused_rows_alone(where: str, name: str, put: Put) -> None:
    here, platform, bad = refusing(name, put, where, 400)
    outcome = BatchSender(here.publisher, here.clock, retry_seconds=0).deliver(here.batch(7))

    assert {refusal.inference.id for refusal in outcome.refused} == bad
    assert all(platform.says in refusal.said for refusal in outcome.refused)
    assert here.stored() == {f"call-{n}": 1 for n in range(7) if f"call-{n}" not in bad}


def refusing(name: str, put: Put, where: str, status: int) -> tuple[Bench, OverHttp, set[str]]:
    here = put(name)
    bad = {f"call-{n}" for n in BAD[where]}
    assert isinstance(here.platform, OverHttp)
    here.platform.refuse(lambda one: one in bad, status)
    return here, here.platform, bad


@every_http_publisher
def test_too_much_is_sent_in_smaller_pieces_and_one_row_that_is_too_much_is_refused(
    name: str, put: Put
) -> None:
    here = put(name)
    assert isinstance(here.platform, OverHttp)
    here.platform.server.byte_limit = 1

    assert isinstance(here.fails(here.batch(2)), BatchTooLargeError)
    alone = here.fails(here.batch(1))

    assert isinstance(alone, BatchRefusedError)
    assert not isinstance(alone, BatchTooLargeError)
    assert here.stored() == {}


@every_http_publisher
@pytest.mark.parametrize("body", ["json", "html"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500])
def test_an_error_never_quotes_a_platform_that_quotes_rows_and_tokens(
    status: int, body: Literal["json", "html"], name: str, put: Put
) -> None:
    here = put(name)
    assert isinstance(here.platform, OverHttp)
    fault = Status(status, f"{PLANTED} {here.platform.credential}", body=body)
    here.platform.server.fail_when(lambda request: bool(request.publish_number), fault)

    here.fails(here.batch())  # looks at the error; what was logged is looked at in the end
