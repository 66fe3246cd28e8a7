"""The loopback OpenScale takes what IBM documents, and refuses all else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.platforms.faults import GARBAGE_JSON, Fault, Reset, Slow, Status, Truncated, path
from tests.support.platforms.openscale import ACCOUNT, DataSet, OpenScaleServer, Record

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
INSTANCE = f"/openscale/{ACCOUNT.service_instance_id}/v2/data_sets"
RECORDS = f"{INSTANCE}/{ACCOUNT.data_set_id}/records"
PAYLOADS = f"/v1/data_marts/{ACCOUNT.data_mart_id}/scoring_payloads"
IDS = {
    "binding_id": ACCOUNT.binding_id,
    "subscription_id": ACCOUNT.subscription_id,
    "deployment_id": ACCOUNT.deployment_id,
}
TIME = "2026-03-01T10:20:30Z"


@pytest.fixture
def server() -> Iterator[OpenScaleServer]:
    with OpenScaleServer() as running:
        yield running


@pytest.fixture
def token(server: OpenScaleServer) -> str:
    return str(ask(server).json()["access_token"])


def ask(server: OpenScaleServer, **changes: str) -> requests.Response:
    form = {"grant_type": GRANT, "apikey": ACCOUNT.api_key, **changes}
    return requests.post(f"{server.url}/identity/token", data=form, timeout=30)


def authorize(server: OpenScaleServer, **body: str) -> requests.Response:
    return requests.post(f"{server.url}/icp4d-api/v1/authorize", json=body, timeout=30)


def post(server: OpenScaleServer, path: str, token: str, body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{server.url}{path}", headers=headers, json=body, timeout=30)


def get(server: OpenScaleServer, path: str, token: str) -> requests.Response:
    url = path if path.startswith("http") else f"{server.url}{path}"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def record(scoring_id: object = "call_0", **changes: object) -> dict[str, Any]:
    return {
        "request": {"fields": ["age", "plan"], "values": [[30, "basic"]]},
        "response": {"fields": ["score"], "values": [[0.5]]},
        "scoring_id": scoring_id,
        "scoring_timestamp": TIME,
        "response_time": 12,
        **changes,
    }


def records(count: int) -> list[dict[str, Any]]:
    return [record(f"call_{number}") for number in range(count)]


def test_ibm_cloud_gives_a_token_for_an_api_key(server: OpenScaleServer) -> None:
    server.expires_in = 600

    answer = ask(server).json()

    assert answer.keys() == {"access_token", "token_type", "expires_in", "expiration"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 600)
    assert (server.tokens_issued, server.publish_requests) == (1, [])
    server.fail_when(path("/identity/"), Status(503))
    assert ask(server).status_code == 503


@pytest.mark.parametrize(
    "changes",
    [{"grant_type": "password"}, {"apikey": "other"}, {"response_type": "uaa"}, {"passcode": "1"}],
)
def test_ibm_cloud_refuses_another_form(server: OpenScaleServer, changes: dict[str, str]) -> None:
    assert ask(server, **changes).status_code == 400
    assert server.tokens_issued == 0


def test_cloud_pak_gives_a_token_for_a_user(server: OpenScaleServer) -> None:
    for secret in ({"password": ACCOUNT.password}, {"api_key": ACCOUNT.api_key}):
        token = authorize(server, username=ACCOUNT.username, **secret).json()["token"]
        assert post(server, RECORDS, token, records(1)).status_code == 202
    assert server.tokens_issued == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": ACCOUNT.username, "password": "other"}, 401),
        ({"username": "other", "api_key": ACCOUNT.api_key}, 401),
        ({"username": ACCOUNT.username}, 400),
        ({"username": ACCOUNT.username, "token": "other"}, 400),
        ({"api_key": ACCOUNT.api_key}, 400),
    ],
)
def test_cloud_pak_refuses_another_user(
    server: OpenScaleServer, body: dict[str, str], status: int
) -> None:
    assert authorize(server, **body).status_code == status


def test_only_a_token_that_is_still_good_is_accepted() -> None:
    now = [1000.0]
    with OpenScaleServer(clock=lambda: now[0]) as server:
        token = ask(server).json()["access_token"]
        statuses = [post(server, RECORDS, name, records(1)).status_code for name in (token, "no")]
        now[0] += 3600
        statuses.append(post(server, RECORDS, token, records(1)).status_code)
        token = ask(server).json()["access_token"]
        server.revoke()
        statuses.append(post(server, PAYLOADS, token, [record(**IDS)]).status_code)
        bare = requests.post(server.url + RECORDS, json=records(1), timeout=30)

    assert statuses == [202, 401, 401, 401]
    assert bare.status_code == 401
    assert bare.json()["errors"][0]["message"]


def test_v2_stores_records_and_tells_so_when_asked(server: OpenScaleServer, token: str) -> None:
    server.polls_until_done = 2
    body = record(multiple_records=False)
    body["request"]["meta"] = {"fields": ["region"], "values": [["north"]]}

    accepted = post(server, RECORDS, token, [body])

    assert (accepted.status_code, accepted.json()) == (202, {"state": "preparing"})
    location = accepted.headers["Location"]
    assert location.startswith(f"{server.url}{INSTANCE}/{ACCOUNT.data_set_id}/requests/")
    states = [get(server, location, token).json()["state"] for _ in range(3)]
    assert states == ["preparing", "preparing", "active"]
    request, response = {"age": 30, "plan": "basic"}, {"score": 0.5}
    assert server.records == [Record("call_0", TIME, request, response, {"region": "north"}, 12)]


def test_a_request_may_fail_after_it_was_accepted(server: OpenScaleServer, token: str) -> None:
    server.fail_later_ids(lambda name: name == "call_1", "CODE", "as told")
    server.location_base = ""

    accepted = [post(server, RECORDS, token, records(count)) for count in (1, 2)]

    locations = [answer.headers["Location"] for answer in accepted]
    assert all(location.startswith("/openscale/") for location in locations)
    stored, failed = (get(server, location, token).json() for location in locations)
    assert (stored, failed["state"]) == ({"state": "active"}, "error")
    assert failed["failure"]["errors"] == [{"code": "CODE", "message": "as told"}]
    assert server.published_ids == ["call_0"]
    server.fail_later_ids(None)
    post(server, RECORDS, token, records(2))
    assert server.published_ids == ["call_0", "call_0", "call_1"]


def test_the_data_set_is_found_by_its_subscription(server: OpenScaleServer, token: str) -> None:
    server.data_sets = [DataSet("a", "other"), DataSet("b", ACCOUNT.subscription_id, "feedback")]
    query = f"{INSTANCE}?type=payload_logging&target.target_type=subscription&target.target_id="

    def found(path: str) -> list[str]:
        return [item["metadata"]["id"] for item in get(server, path, token).json()["data_sets"]]

    assert found(query + ACCOUNT.subscription_id) == [ACCOUNT.data_set_id]
    assert found(query + "other") == ["a"]
    assert found(query + "unknown") == []
    assert found(INSTANCE) == ["a", "b", ACCOUNT.data_set_id]


def test_names_of_a_query_that_the_api_does_not_have_narrow_nothing(
    server: OpenScaleServer, token: str
) -> None:
    server.data_sets = [DataSet("a", "other")]

    found = get(server, f"{INSTANCE}?target_target_id={ACCOUNT.subscription_id}", token).json()

    assert len(found["data_sets"]) == 2


def test_a_data_set_tells_its_columns(server: OpenScaleServer, token: str) -> None:
    server.fields = {"age": "integer"}

    entity = get(server, f"{INSTANCE}/{ACCOUNT.data_set_id}", token).json()["entity"]

    assert [(one["name"], one["type"]) for one in entity["data_schema"]["fields"]] == [
        ("age", "integer")
    ]
    assert get(server, f"{INSTANCE}/unknown", token).status_code == 404


@pytest.mark.parametrize("status", [202, 204])
def test_v1_stores_scoring_payloads(server: OpenScaleServer, token: str, status: Any) -> None:
    server.v1_status = status

    response = post(server, PAYLOADS, token, [record(**IDS), record("call_1", **IDS)])

    assert response.status_code == status
    assert (response.content == b"") is (status == 204)
    assert server.published_ids == ["call_0", "call_1"]
    assert server.ids_in(server.publish_requests[0]) == server.published_ids


@pytest.mark.parametrize("name", IDS)
def test_v1_knows_what_a_payload_belongs_to(server: OpenScaleServer, token: str, name: str) -> None:
    other = record(**IDS) | {name: "other"}
    without = {key: value for key, value in record(**IDS).items() if key != name}

    assert post(server, PAYLOADS, token, [other]).status_code == 404
    assert post(server, PAYLOADS, token, [without]).status_code == 400
    more = record(**IDS, multiple_records=True)
    assert post(server, PAYLOADS, token, [more]).status_code == 400
    assert server.records == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="an object"),
        pytest.param([], id="no record"),
        pytest.param([1], id="a number"),
        pytest.param([record(user_id="a")], id="another key"),
        pytest.param([record(scoring_id=1)], id="id is a number"),
        pytest.param([record(scoring_timestamp="yesterday")], id="no time"),
        pytest.param([record(scoring_timestamp="2026-03-01T10:20:30")], id="no zone"),
        pytest.param([record(response_time="12")], id="response time is a text"),
        pytest.param([record(response={"fields": ["a"], "values": [0.5]})], id="a bare row"),
        pytest.param([record(response={"fields": ["a"], "values": [[1, 2]]})], id="too wide"),
        pytest.param([record(response={"fields": ["a"], "values": [[1], [2]]})], id="two rows"),
        pytest.param([record(response={"fields": ["a", "a"], "values": [[1, 2]]})], id="twice"),
        pytest.param([record(response={"fields": ["a"]})], id="no values"),
        pytest.param([record(response=None)], id="no response"),
    ],
)
def test_a_malformed_body_is_refused_and_nothing_of_it_is_stored(
    server: OpenScaleServer, token: str, body: object
) -> None:
    assert post(server, RECORDS, token, body).status_code == 400
    assert server.records == []


def test_a_body_that_is_no_json_is_refused(server: OpenScaleServer, token: str) -> None:
    for content_type, body, status in (("application/json", b"[NaN]", 400), ("a/b", b"", 415)):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        response = requests.post(server.url + RECORDS, data=body, headers=headers, timeout=30)
        assert response.status_code == status
    assert server.ids_in(server.publish_requests[0]) == []


@pytest.mark.parametrize(
    "path",
    [
        RECORDS.replace(ACCOUNT.service_instance_id, "other"),
        RECORDS.replace(ACCOUNT.data_set_id, "other"),
        PAYLOADS.replace(ACCOUNT.data_mart_id, "other"),
        RECORDS.removeprefix(f"/openscale/{ACCOUNT.service_instance_id}"),
        f"{RECORDS}?project_id=other",
    ],
)
def test_an_unknown_resource_is_not_found(server: OpenScaleServer, token: str, path: str) -> None:
    assert post(server, path, token, records(1)).status_code == 404
    assert get(server, f"{INSTANCE}/{ACCOUNT.data_set_id}/requests/no", token).status_code == 404


def test_a_refused_record_fails_its_whole_request_without_being_named(
    server: OpenScaleServer, token: str
) -> None:
    server.refuse_ids(lambda name: name == "call_1", status=422)

    response = post(server, RECORDS, token, records(2))

    assert response.status_code == 422
    assert "call_1" not in response.text
    assert server.records == []
    server.refuse_ids(None)
    assert post(server, RECORDS, token, records(2)).status_code == 202


def test_a_body_over_the_byte_limit_is_too_large(server: OpenScaleServer, token: str) -> None:
    server.byte_limit = 1000

    assert post(server, RECORDS, token, records(1)).status_code == 202
    assert post(server, RECORDS, token, records(10)).status_code == 413


@pytest.mark.parametrize(
    ("fault", "status", "stored"),
    [
        pytest.param(Status(429, retry_after=3), 429, 0, id="429"),
        pytest.param(Status(500), 500, 0, id="500"),
        pytest.param(Status(403, body="html"), 403, 0, id="firewall"),
        pytest.param(Status(504, stored=True), 504, 1, id="504 but stored"),
        pytest.param(Reset(stored=False), None, 0, id="reset"),
        pytest.param(Reset(stored=True), None, 1, id="reset but stored"),
        pytest.param(Truncated(), None, 1, id="truncated"),
        pytest.param(Slow(seconds=0.01), 202, 1, id="slow"),
        pytest.param(GARBAGE_JSON, 200, 0, id="garbage"),
    ],
)
@pytest.mark.parametrize("path", [RECORDS, PAYLOADS])
def test_faults_reach_the_client_and_decide_what_is_stored(
    server: OpenScaleServer, path: str, fault: Fault, status: int | None, stored: int
) -> None:
    token = ask(server).json()["access_token"]
    body = [record(**(IDS if path == PAYLOADS else {}))]
    server.fail_next(fault)

    if status is None:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            post(server, path, token, body)
    else:
        assert post(server, path, token, body).status_code == status

    assert server.published_ids == ["call_0"] * stored
    assert post(server, path, token, body).status_code == 202
