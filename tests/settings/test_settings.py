"""The environment becomes settings, or one error that says all that is wrong with it."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.local.quarantine import FolderQuarantine
from capture_forwarder.parser.mapping.columns import (
    Column,
    ColumnMapping,
    MetadataColumn,
    MetadataField,
)
from capture_forwarder.settings import PublisherName, RouteSettings, load
from capture_forwarder.settings.publishers import (
    ArthurSettings,
    DuckDbSettings,
    FiddlerSettings,
    FilesSettings,
    OpenScaleSettings,
)
from capture_forwarder.settings.variables import NAMES
from capture_forwarder.wiring.forwarder import build_quarantine, route_options

TOKEN = "fid-7hKq2-secret-token"  # noqa: S105
MODEL = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
# What Fiddler's own guide tells its users to set.
GUIDE = {
    "FIDDLER_URL": "https://example.fiddler.ai",
    "FIDDLER_TOKEN": TOKEN,
    "FIDDLER_MODEL_UUID": MODEL,
    "FIDDLER_MODEL_COLUMNS": "age,income,tenure",
    "FIDDLER_MODEL_OUTPUT_COLUMN": "score",
    "FIDDLER_TIMESTAMP_COLUMN": "time",
}
LOCAL = {"FORWARDER_PUBLISHER": "duckdb", "FORWARDER_INPUT_COLUMNS": "age"}


def route(environment: dict[str, str]) -> RouteSettings:
    found = load(environment).route
    assert found is not None
    return found


def names(environment: dict[str, str]) -> str:
    return route(environment).publisher_name.value


def mapped(environment: dict[str, str]) -> ColumnMapping:
    return route(environment).mapping.columns


def problems(environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load(environment)
    return raised.value.problems


def problem(environment: dict[str, str]) -> str:
    (only,) = problems(environment)
    return only


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in GUIDE.items() if name not in names}


# --- what works ----------------------------------------------------------------------------


def test_the_variables_of_fiddlers_guide_work_unchanged() -> None:
    publisher = route(GUIDE).publisher

    assert isinstance(publisher, FiddlerSettings)
    assert publisher.url == "https://example.fiddler.ai"
    assert str(publisher.model_uuid) == MODEL
    assert publisher.token is not None
    assert publisher.token.get_secret_value() == TOKEN
    mapping = mapped(GUIDE)
    assert mapping.inputs == (Column("age"), Column("income"), Column("tenure"))
    assert mapping.outputs == (Column("score"),)
    assert mapping.timestamp == "time"


def test_the_guides_timestamp_column_is_optional() -> None:
    assert mapped(without("FIDDLER_TIMESTAMP_COLUMN")).timestamp is None


def test_everything_else_has_a_default() -> None:
    settings = load(GUIDE)

    assert settings.quarantine is None
    assert settings.max_line_bytes == 16 * 1024 * 1024
    assert settings.request_timeout_seconds == 30
    assert mapped(GUIDE).csv_header is False
    assert mapped(GUIDE).metadata == ()


def test_our_own_names_say_the_same() -> None:
    own = {
        "FORWARDER_INPUT_COLUMNS": GUIDE["FIDDLER_MODEL_COLUMNS"],
        "FORWARDER_OUTPUT_COLUMNS": GUIDE["FIDDLER_MODEL_OUTPUT_COLUMN"],
        "FORWARDER_TIMESTAMP_COLUMN": GUIDE["FIDDLER_TIMESTAMP_COLUMN"],
    }
    theirs = ("FIDDLER_MODEL_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN", "FIDDLER_TIMESTAMP_COLUMN")

    assert mapped(without(*theirs) | own) == mapped(GUIDE)


def test_the_whole_mapping_can_be_set() -> None:
    mapping = mapped(
        GUIDE
        | {
            "FORWARDER_EVENT_ID_COLUMN": "id",
            "FORWARDER_METADATA_COLUMNS": "where=endpoint, which=variant",
            "FORWARDER_INPUT_PATH": "instances[*].features",
            "FORWARDER_OUTPUT_PATH": "predictions",
            "FORWARDER_CSV_HEADER": "present",
        }
    )

    assert mapping.event_id == "id"
    assert mapping.metadata == (
        MetadataColumn("where", MetadataField.ENDPOINT),
        MetadataColumn("which", MetadataField.VARIANT),
    )
    assert mapping.input_path == "instances[*].features"
    assert mapping.output_path == "predictions"
    assert mapping.csv_header is True


def test_a_database_needs_nothing_of_fiddler() -> None:
    assert isinstance(route(LOCAL).publisher, DuckDbSettings)


@pytest.mark.parametrize("side", ["FIDDLER_MODEL_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN"])
def test_one_side_alone_is_enough(side: str) -> None:
    mapping = mapped(without(side))

    assert bool(mapping.inputs) is not bool(mapping.outputs)


@pytest.mark.parametrize("source", ["FIDDLER_TOKEN_SECRET_ARN", "FIDDLER_TOKEN_PARAMETER"])
def test_the_token_can_lie_elsewhere(source: str) -> None:
    publisher = route(without("FIDDLER_TOKEN") | {source: "/fiddler/token"}).publisher

    assert isinstance(publisher, FiddlerSettings)
    assert publisher.token is None
    assert getattr(publisher, source.removeprefix("FIDDLER_").lower()) == "/fiddler/token"


@pytest.mark.parametrize("nothing", ["", " ", "\n\t"])
def test_an_empty_variable_is_one_that_is_not_set(nothing: str) -> None:
    empty = dict.fromkeys(NAMES, nothing)

    assert load(empty | GUIDE) == load(GUIDE)
    assert problems(empty) == problems({})


def test_space_around_a_value_is_none_of_it() -> None:
    # A token pasted with its newline would otherwise make a header that no client sends.
    assert load({name: f" {value}\n" for name, value in GUIDE.items()}) == load(GUIDE)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GUIDE.items():
        monkeypatch.setenv(name, value)

    assert load() == load(GUIDE)


@pytest.mark.parametrize(
    "name", ["PATH", "AWS_REGION", "FIDDLER", "FORWARDERS", "FIDDLER_CLIENT_RETRY_MAX_SECONDS"]
)
def test_a_variable_of_another_family_is_left_alone(name: str) -> None:
    assert load(GUIDE | {name: "anything"}) == load(GUIDE)


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("https://example.fiddler.ai/", "https://example.fiddler.ai"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_address_is_scheme_and_host(given_url: str, url: str) -> None:
    assert route(GUIDE | {"FIDDLER_URL": given_url}).model_dump()["publisher"]["url"] == url


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("s3://bucket/quarantine", "s3://bucket/quarantine"),
        ("s3://bucket/quarantine/", "s3://bucket/quarantine"),
        ("s3://bucket/deep/er/", "s3://bucket/deep/er"),
        ("quarantine", "quarantine"),
        ("/var/quarantine/", "/var/quarantine"),
        ("/", "/"),
    ],
)
def test_quarantine_is_a_prefix_in_s3_or_a_folder(place: str, kept: str) -> None:
    settings = load(GUIDE | {"FORWARDER_QUARANTINE": place}).model_dump()

    assert settings["quarantine"] == kept


@pytest.mark.parametrize(
    ("prefix", "fits"), [("p" * 300, True), ("p" * 301, False), ("é" * 151, False)]
)
def test_a_prefix_to_write_at_leaves_room_for_the_rest_of_a_key(prefix: str, fits: bool) -> None:
    place = f"s3://bucket/{prefix}"
    quarantine = GUIDE | {"FORWARDER_QUARANTINE": f"{place}/"}
    files = LOCAL | {"FORWARDER_PUBLISHER": "files", "FORWARDER_FILES": f"{place}/"}
    if fits:
        assert load(quarantine).quarantine == place
        assert load(files).model_dump()["route"]["publisher"]["place"] == place
    for written in () if fits else (quarantine, files):
        assert f"has a prefix of {len(prefix.encode())} bytes; it may have 300" in problem(written)


def test_a_folder_becomes_a_folder_quarantine(tmp_path: Path) -> None:
    settings = load(LOCAL | {"FORWARDER_QUARANTINE": str(tmp_path)})

    assert isinstance(build_quarantine(settings), FolderQuarantine)
    assert build_quarantine(load(LOCAL)) is None


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(GUIDE).quarantine = "elsewhere"  # type: ignore[misc]


# --- what does not -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", ["s3://bucket", "s3://bucket/", "s3:///prefix", "s3://", "gs://b/p", "S3://b/p"]
)
def test_a_quarantine_that_is_no_place_is_refused(place: str) -> None:
    # The whole bucket would make every object in it quarantine, which is never taken as input.
    assert problem(GUIDE | {"FORWARDER_QUARANTINE": place}).startswith("FORWARDER_QUARANTINE: ")


@pytest.mark.parametrize(
    "url",
    [
        "example.fiddler.ai",
        "ftp://example.fiddler.ai",
        "https://",
        "https:///path",
        "https://example.fiddler.ai/v3",
        "https://example.fiddler.ai?x=1",
        "https://example.fiddler.ai#x",
        "https://[::1",
        "https://user:pa55word@example.fiddler.ai",
    ],
)
def test_an_address_that_fiddlers_client_would_misread_is_refused(url: str) -> None:
    says = problem(GUIDE | {"FIDDLER_URL": url})

    assert says.startswith("FIDDLER_URL: ")
    assert "pa55word" not in says


@pytest.mark.parametrize(("text", "most"), [("0", 0.0), ("0.1", 0.1), ("1", 1.0)])
def test_the_share_of_cast_failures_above_which_files_are_held_is_a_setting(
    text: str, most: float
) -> None:
    settings = load(GUIDE | {"FORWARDER_MAX_CAST_FAILURES": text})

    assert settings.route is not None
    assert route_options(settings.route, settings).max_cast_failures == most


@pytest.mark.parametrize(("text", "most"), [("0", 0.0), ("0.1", 0.1), ("1", 1.0), (None, 0.25)])
def test_the_share_of_refused_rows_above_which_files_are_held_is_a_setting(
    text: str | None, most: float
) -> None:
    settings = load(GUIDE | ({} if text is None else {"FORWARDER_MAX_REFUSED": text}))

    assert settings.route is not None
    assert route_options(settings.route, settings).max_refused == most


WRONG_VALUES = {
    "FIDDLER_URL": "nowhere",
    "FIDDLER_MODEL_UUID": "churn",
    "FIDDLER_MODEL_COLUMNS": "a,,b",
    "FIDDLER_MODEL_OUTPUT_COLUMN": "score=[",
    "FORWARDER_PUBLISHER": "datadog",
    "FORWARDER_METADATA_COLUMNS": "x=latency",
    "FORWARDER_INPUT_PATH": "my-records",
    "FORWARDER_OUTPUT_PATH": "a[",
    "FORWARDER_CSV_HEADER": "yes",
    "FORWARDER_MAX_CAST_FAILURES": "5%",
    "FORWARDER_MAX_REFUSED": "a quarter",
    "FORWARDER_QUARANTINE": "s3://bucket",
    "FORWARDER_MAX_LINE_BYTES": "16MB",
    "FORWARDER_REQUEST_TIMEOUT_SECONDS": "soon",
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_wrong_value_is_told_by_its_variable(name: str) -> None:
    assert problem(GUIDE | {name: WRONG_VALUES[name]}).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FORWARDER_MAX_LINE_BYTES", "0"),
        ("FORWARDER_MAX_LINE_BYTES", "-1"),
        ("FORWARDER_MAX_LINE_BYTES", "1.5"),
        ("FORWARDER_REQUEST_TIMEOUT_SECONDS", "0"),
        ("FORWARDER_REQUEST_TIMEOUT_SECONDS", "nan"),
        ("FORWARDER_REQUEST_TIMEOUT_SECONDS", "inf"),
        ("FORWARDER_PUBLISHER", "Fiddler"),
        ("FORWARDER_MAX_CAST_FAILURES", "1.1"),
        ("FORWARDER_MAX_CAST_FAILURES", "-0.1"),
        ("FORWARDER_MAX_CAST_FAILURES", "nan"),
        ("FORWARDER_MAX_REFUSED", "1.1"),
        ("FORWARDER_MAX_REFUSED", "-0.1"),
        ("FORWARDER_MAX_REFUSED", "nan"),
    ],
)
def test_a_value_out_of_its_range_is_refused(name: str, value: str) -> None:
    assert problem(GUIDE | {name: value}).startswith(f"{name}: ")


@pytest.mark.parametrize(
    "variables",
    [
        {"FORWARDER_LEASE_SECONDS": "30"},
        {"FORWARDER_REQUEST_TIMEOUT_SECONDS": "60"},
        {"FORWARDER_LEASE_SECONDS": "10", "FORWARDER_REQUEST_TIMEOUT_SECONDS": "10"},
    ],
)
def test_a_lease_that_a_request_may_outlast_is_refused(variables: dict[str, str]) -> None:
    told = problem(GUIDE | variables)

    assert told.startswith("FORWARDER_LEASE_SECONDS: ")
    assert "FORWARDER_REQUEST_TIMEOUT_SECONDS" in told
    load(GUIDE | {"FORWARDER_LEASE_SECONDS": "31"})


def test_one_error_names_every_wrong_variable_at_once() -> None:
    wrong = WRONG_VALUES | {"FIDDLER_TOKN": TOKEN, "FORWARDER_INPUT_COLUMNS": "a"}
    del wrong["FORWARDER_PUBLISHER"]

    with pytest.raises(SettingsError) as raised:
        load(wrong)

    listing = str(raised.value)
    for name in wrong:
        assert name in listing
    assert "FIDDLER_TOKEN: missing" in listing
    assert "FORWARDER_INPUT_COLUMNS and FIDDLER_MODEL_COLUMNS are two names" in listing
    assert listing.startswith(f"{len(raised.value.problems)} settings cannot be used:\n")


def test_what_is_missing_is_told_also_when_something_else_is_wrong() -> None:
    told = problems({"FIDDLER_MODEL_UUID": "churn", "FORWARDER_METADATA_COLUMNS": "x=latency"})

    assert [text.partition(":")[0] for text in told] == [
        "FIDDLER_MODEL_COLUMNS, FIDDLER_MODEL_OUTPUT_COLUMN",
        "FIDDLER_URL",
        "FIDDLER_TOKEN",
        "FIDDLER_MODEL_UUID",
        "FORWARDER_METADATA_COLUMNS",
    ]


def test_what_is_wrong_is_not_also_told_to_be_missing() -> None:
    told = problems(without("FIDDLER_MODEL_COLUMNS") | WRONG_VALUES)

    assert sorted(text.partition(":")[0] for text in told) == sorted(WRONG_VALUES)


def test_an_unknown_publisher_does_not_make_fiddlers_variables_missing() -> None:
    assert problem(LOCAL | {"FORWARDER_PUBLISHER": "duckbd"}).startswith("FORWARDER_PUBLISHER: ")


def test_columns_that_overwrite_each_other_are_told_also_when_something_else_is_wrong() -> None:
    told = problems(GUIDE | {"FIDDLER_TIMESTAMP_COLUMN": "age", "FIDDLER_MODEL_UUID": "churn"})

    assert len(told) == 2
    assert told[0].startswith("FIDDLER_MODEL_UUID: ")
    assert told[1] == "column names must be unique, but these are used twice: age"


@pytest.mark.parametrize(
    "names",
    [
        ("FORWARDER_INPUT_COLUMNS", "FIDDLER_MODEL_COLUMNS"),
        ("FORWARDER_OUTPUT_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN"),
        ("FORWARDER_TIMESTAMP_COLUMN", "FIDDLER_TIMESTAMP_COLUMN"),
    ],
)
def test_two_names_for_one_setting_are_refused_even_when_they_agree(names: tuple[str, str]) -> None:
    ours, theirs = names

    assert problem(GUIDE | {ours: GUIDE[theirs]}).startswith(f"{ours} and {theirs} are two names")


@pytest.mark.parametrize("second", ["FIDDLER_TOKEN_SECRET_ARN", "FIDDLER_TOKEN_PARAMETER"])
def test_two_places_for_the_token_are_refused(second: str) -> None:
    assert (
        problem(GUIDE | {second: "x"})
        == f"FIDDLER_TOKEN and {second} are set; set only one of them"
    )


@pytest.mark.parametrize("name", ["FIDDLER_URL", "FIDDLER_TOKEN", "FIDDLER_MODEL_UUID"])
def test_what_fiddler_needs_is_asked_for_by_name(name: str) -> None:
    assert problem(without(name)).startswith(f"{name}: missing; set it")


def test_no_columns_at_all_are_refused() -> None:
    assert "no column is configured" in problem({"FORWARDER_PUBLISHER": "duckdb"})


def test_a_list_of_an_empty_name_is_no_list() -> None:
    assert "empty entry" in problem(
        {"FORWARDER_PUBLISHER": "duckdb", "FIDDLER_MODEL_COLUMNS": '""'}
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FIDDLER_MODEL_ID", "FIDDLER_MODEL_UUID"),
        ("FIDDLER_MODEL_COLUMN", "FIDDLER_MODEL_COLUMNS"),
        ("FIDDLER_MODEL_OUTPUT_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN"),
        ("FORWARDER_QUARANTAINE", "FORWARDER_QUARANTINE"),
        ("FORWARDER_INPUT_COLUMN", "FORWARDER_INPUT_COLUMNS"),
        ("FIDDLER_TOKEN_SECRET", "FIDDLER_TOKEN_SECRET_ARN"),
    ],
)
def test_a_mistyped_variable_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    assert (
        problem(GUIDE | {name: "x"}) == f"{name}: there is no such setting; did you mean {meant}?"
    )


def test_a_variable_like_no_other_is_refused_without_a_guess() -> None:
    assert problem(GUIDE | {"FORWARDER_XYZZY": "x"}) == "FORWARDER_XYZZY: there is no such setting"


def test_a_mistyped_variable_is_refused_even_when_it_is_empty() -> None:
    assert "did you mean FORWARDER_QUARANTINE" in problem(GUIDE | {"FORWARDER_QUARANTIN": ""})


# --- secrets -------------------------------------------------------------------------------


def test_the_token_is_in_no_representation_of_the_settings() -> None:
    settings = load(GUIDE)

    assert TOKEN not in repr(settings)
    assert TOKEN not in str(settings)
    assert TOKEN not in str(settings.model_dump())
    assert TOKEN not in settings.model_dump_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"FIDDLER_URL": "nowhere"},
        {"FIDDLER_TOKEN_PARAMETER": "x"},
        {"FIDDLER_TIMESTAMP_COLUMN": "age"},
        {"FIDDLER_TOKENS": TOKEN},
        {"FIDDLER_URL": f"https://user:{TOKEN}@example.fiddler.ai"},
        WRONG_VALUES,
    ],
)
def test_the_token_is_in_no_error_and_no_traceback(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as raised:
        load(GUIDE | wrong)

    assert TOKEN not in str(raised.value)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))


@given(
    environment=st.dictionaries(
        st.sampled_from([*NAMES, "FIDDLER_X"]),
        st.text() | st.sampled_from([*GUIDE.values(), *WRONG_VALUES.values()]),
    )
)
def test_any_environment_makes_settings_or_one_settings_error(environment: dict[str, str]) -> None:
    found: tuple[str, ...] = ()
    made: object = None
    try:
        settings = load(environment)
        made = settings.routes_file or settings.route
    except SettingsError as error:
        found = error.problems

    assert (made is not None) is not bool(found)
    assert len(set(found)) == len(found)


# --- the SageMaker partner app -------------------------------------------------------------

ARN = "arn:aws:sagemaker:us-east-1:111122223333:partner-app/app-ABCDEFGHIJKL"
PARTNER_APP = {
    "AWS_PARTNER_APP_AUTH": "true",
    "AWS_PARTNER_APP_ARN": ARN,
    "AWS_PARTNER_APP_URL": "https://app.partner-app.sagemaker.us-east-1.amazonaws.com",
}


def fiddler(environment: dict[str, str]) -> FiddlerSettings:
    publisher = route(environment).publisher
    assert isinstance(publisher, FiddlerSettings)
    return publisher


def test_fiddler_as_a_partner_app_is_asked_for_as_in_its_guide() -> None:
    publisher = fiddler(without("FIDDLER_URL") | PARTNER_APP)

    assert publisher.url == PARTNER_APP["AWS_PARTNER_APP_URL"]
    assert publisher.partner_app_arn == ARN
    assert fiddler(GUIDE | PARTNER_APP).url == GUIDE["FIDDLER_URL"]


@pytest.mark.parametrize("asked", ["false", "", "False"])
def test_a_partner_app_that_is_not_turned_on_is_none(asked: str) -> None:
    publisher = fiddler(GUIDE | PARTNER_APP | {"AWS_PARTNER_APP_AUTH": asked})

    assert publisher == fiddler(GUIDE)


def test_a_partner_app_needs_its_arn() -> None:
    wrong = {"AWS_PARTNER_APP_ARN": "arn:aws:s3:::bucket"}
    assert problem(GUIDE | PARTNER_APP | wrong).startswith("AWS_PARTNER_APP_ARN: ")
    wrong = {"AWS_PARTNER_APP_ARN": ""}
    assert problem(GUIDE | PARTNER_APP | wrong).startswith("AWS_PARTNER_APP_ARN: missing")
    wrong = {"AWS_PARTNER_APP_AUTH": "yes"}
    assert problem(GUIDE | wrong) == "AWS_PARTNER_APP_AUTH: must be true or false"


# --- the other platforms -------------------------------------------------------------------

ARTHUR = {
    "ARTHUR_HOST": "https://arthur.example.com/",
    "ARTHUR_MODEL_ID": "b4b1",
    "ARTHUR_ACCESS_TOKEN": TOKEN,
}
OPENSCALE = {
    "OPENSCALE_API_KEY": TOKEN,
    "OPENSCALE_SERVICE_INSTANCE_ID": "instance",
    "OPENSCALE_DATA_SET_ID": "payloads",
    "FORWARDER_INPUT_COLUMNS": "age",
    "FORWARDER_OUTPUT_COLUMNS": "score",
}
V1 = {
    "OPENSCALE_API": "v1",
    "OPENSCALE_DATA_MART_ID": "mart",
    "OPENSCALE_BINDING_ID": "binding",
    "OPENSCALE_SUBSCRIPTION_ID": "subscription",
    "OPENSCALE_DEPLOYMENT_ID": "deployment",
}


def test_the_variables_of_arthurs_guide_work_unchanged_and_alone() -> None:
    publisher = route(ARTHUR).publisher

    assert isinstance(publisher, ArthurSettings)
    assert (publisher.host, publisher.model_id) == ("https://arthur.example.com", "b4b1")
    assert mapped(ARTHUR).names == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FORWARDER_TIMESTAMP_COLUMN", "time"),
        ("FORWARDER_EVENT_ID_COLUMN", "id"),
        ("FORWARDER_METADATA_COLUMNS", "where=endpoint"),
    ],
)
def test_what_arthurs_endpoint_has_no_place_for_is_refused(name: str, value: str) -> None:
    assert problem(ARTHUR | {name: value}).startswith(f"{name}: ")


def test_where_arthurs_lines_stay_whole_nothing_says_how_to_take_them_apart() -> None:
    path = {"FORWARDER_INPUT_PATH": "instances"}
    columns = {"FORWARDER_INPUT_COLUMNS": "age", "FORWARDER_OUTPUT_COLUMNS": "score"}
    assert problem(ARTHUR | path).startswith("FORWARDER_INPUT_PATH: has no effect without columns")
    assert mapped(ARTHUR | path | columns).input_path == "instances"


def test_arthur_takes_both_sides_or_none() -> None:
    told = problem(ARTHUR | {"FORWARDER_INPUT_COLUMNS": "age"})

    assert told.startswith("FORWARDER_OUTPUT_COLUMNS: missing")


@pytest.mark.parametrize("name", ["ARTHUR_HOST", "ARTHUR_MODEL_ID", "ARTHUR_ACCESS_TOKEN"])
def test_what_arthur_needs_is_asked_for_by_name(name: str) -> None:
    rest = {known: value for known, value in ARTHUR.items() if known != name}
    assert problem(rest).startswith(f"{name}: missing; set it")


def test_openscales_variables_name_the_platform_too() -> None:
    assert isinstance(route(OPENSCALE).publisher, OpenScaleSettings)
    found = {name: value for name, value in OPENSCALE.items() if name != "OPENSCALE_DATA_SET_ID"}
    assert problem(found).startswith("OPENSCALE_DATA_SET_ID: missing")
    assert names(found | {"OPENSCALE_SUBSCRIPTION_ID": "subscription"}) == "openscale"


@pytest.mark.parametrize("name", [name for name in V1 if name != "OPENSCALE_API"])
def test_openscales_first_api_needs_its_own_ids(name: str) -> None:
    assert names(OPENSCALE | V1) == "openscale"
    rest = {known: value for known, value in V1.items() if known != name}
    assert problem(OPENSCALE | rest).startswith(f"{name}: missing")


def test_cloud_pak_takes_a_user_with_a_password_or_a_key() -> None:
    pak = {
        "OPENSCALE_AUTH": "cloud-pak",
        "OPENSCALE_URL": "https://cpd.example.com",
        "OPENSCALE_USERNAME": "forwarder",
    }
    key = {name: value for name, value in OPENSCALE.items() if name != "OPENSCALE_API_KEY"}
    assert names(OPENSCALE | pak) == "openscale"
    assert names(key | pak | {"OPENSCALE_PASSWORD": TOKEN}) == "openscale"
    assert "only one of them" in problem(OPENSCALE | pak | {"OPENSCALE_PASSWORD": TOKEN})
    assert problem(key | pak).startswith("OPENSCALE_API_KEY: missing")
    assert "cloud-pak" in problem(OPENSCALE | {"OPENSCALE_USERNAME": "forwarder"})


def test_variables_of_two_platforms_need_a_word_on_which_is_meant() -> None:
    both = GUIDE | ARTHUR
    assert problem(both).startswith("FORWARDER_PUBLISHER: missing; there are variables of")
    assert route(both | {"FORWARDER_PUBLISHER": "fiddler"}).publisher_name is PublisherName.FIDDLER


def test_files_need_a_place() -> None:
    files = {"FORWARDER_PUBLISHER": "files", "FORWARDER_INPUT_COLUMNS": "age"}
    assert problem(files).startswith("FORWARDER_FILES: missing; set it to")
    written = route(files | {"FORWARDER_FILES": "s3://bucket/rows/"})
    assert written.publisher_name is PublisherName.FILES


def test_files_have_one_of_three_forms() -> None:
    files = {
        "FORWARDER_PUBLISHER": "files",
        "FORWARDER_INPUT_COLUMNS": "age",
        "FORWARDER_FILES": "rows",
    }
    default = route(files).publisher
    assert isinstance(default, FilesSettings)
    assert default.format == "json-lines"
    for form in ("json-lines", "json-array", "parquet"):
        written = route(files | {"FORWARDER_FILES_FORMAT": form}).publisher
        assert isinstance(written, FilesSettings)
        assert written.format == form
    told = problem(files | {"FORWARDER_FILES_FORMAT": "csv"})
    assert told.startswith("FORWARDER_FILES_FORMAT: must be json-lines, json-array or")


def test_beside_a_routes_file_nothing_of_a_route_is_set() -> None:
    alone = {"FORWARDER_ROUTES": "s3://bucket/routes.yaml", "FORWARDER_RETRY_SECONDS": "5"}
    assert load(alone).route is None
    told = problems(alone | GUIDE)
    assert {text.partition(":")[0] for text in told} == set(GUIDE)


def test_a_queue_for_what_is_left_needs_a_ledger_that_knows_what_is_left() -> None:
    queue = {"FORWARDER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/q"}
    assert problem(GUIDE | queue).startswith("FORWARDER_QUEUE_URL: needs FORWARDER_LEDGER")
    assert load(GUIDE | queue | {"FORWARDER_LEDGER": "ledger.sqlite"}).queue_url
