"""The environment becomes settings, or one error that says all that is wrong with it."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.columns import Column, MetadataColumn, MetadataField
from capture_forwarder.errors import SettingsError
from capture_forwarder.quarantine import FolderQuarantine
from capture_forwarder.settings import PublisherName, Settings, load
from capture_forwarder.wiring import build_quarantine

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
    settings = load(GUIDE)

    assert settings.FORWARDER_PUBLISHER is PublisherName.FIDDLER
    assert settings.FIDDLER_URL == "https://example.fiddler.ai"
    assert str(settings.FIDDLER_MODEL_UUID) == MODEL
    assert settings.FIDDLER_TOKEN is not None
    assert settings.FIDDLER_TOKEN.get_secret_value() == TOKEN
    mapping = settings.mapping
    assert mapping.inputs == (Column("age"), Column("income"), Column("tenure"))
    assert mapping.outputs == (Column("score"),)
    assert mapping.timestamp == "time"


def test_the_guides_timestamp_column_is_optional() -> None:
    assert load(without("FIDDLER_TIMESTAMP_COLUMN")).mapping.timestamp is None


def test_everything_else_has_a_default() -> None:
    settings = load(GUIDE)

    assert settings.FORWARDER_QUARANTINE is None
    assert settings.FORWARDER_MAX_LINE_BYTES == 16 * 1024 * 1024
    assert settings.FORWARDER_REQUEST_TIMEOUT_SECONDS == 30
    assert settings.mapping.csv_header is False
    assert settings.mapping.metadata == ()


def test_our_own_names_say_the_same() -> None:
    own = {
        "FORWARDER_INPUT_COLUMNS": GUIDE["FIDDLER_MODEL_COLUMNS"],
        "FORWARDER_OUTPUT_COLUMNS": GUIDE["FIDDLER_MODEL_OUTPUT_COLUMN"],
        "FORWARDER_TIMESTAMP_COLUMN": GUIDE["FIDDLER_TIMESTAMP_COLUMN"],
    }
    theirs = ("FIDDLER_MODEL_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN", "FIDDLER_TIMESTAMP_COLUMN")

    assert load(without(*theirs) | own).mapping == load(GUIDE).mapping


def test_the_whole_mapping_can_be_set() -> None:
    mapping = load(
        GUIDE
        | {
            "FORWARDER_EVENT_ID_COLUMN": "id",
            "FORWARDER_METADATA_COLUMNS": "where=endpoint, which=variant",
            "FORWARDER_INPUT_PATH": "instances[*].features",
            "FORWARDER_OUTPUT_PATH": "predictions",
            "FORWARDER_CSV_HEADER": "present",
        }
    ).mapping

    assert mapping.event_id == "id"
    assert mapping.metadata == (
        MetadataColumn("where", MetadataField.ENDPOINT),
        MetadataColumn("which", MetadataField.VARIANT),
    )
    assert mapping.input_path == "instances[*].features"
    assert mapping.output_path == "predictions"
    assert mapping.csv_header is True


def test_a_database_needs_nothing_of_fiddler() -> None:
    settings = load(LOCAL)

    assert settings.FORWARDER_PUBLISHER is PublisherName.DUCKDB
    assert settings.FIDDLER_URL is None


@pytest.mark.parametrize("side", ["FIDDLER_MODEL_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN"])
def test_one_side_alone_is_enough(side: str) -> None:
    mapping = load(without(side)).mapping

    assert bool(mapping.inputs) is not bool(mapping.outputs)


@pytest.mark.parametrize("source", ["FIDDLER_TOKEN_SECRET_ARN", "FIDDLER_TOKEN_PARAMETER"])
def test_the_token_can_lie_elsewhere(source: str) -> None:
    settings = load(without("FIDDLER_TOKEN") | {source: "/fiddler/token"})

    assert settings.FIDDLER_TOKEN is None
    assert getattr(settings, source) == "/fiddler/token"


@pytest.mark.parametrize("nothing", ["", " ", "\n\t"])
def test_an_empty_variable_is_one_that_is_not_set(nothing: str) -> None:
    empty = dict.fromkeys(Settings.model_fields, nothing)

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
    settings = load(GUIDE | {"FIDDLER_URL": given_url}).model_dump()

    assert settings["FIDDLER_URL"] == url


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

    assert settings["FORWARDER_QUARANTINE"] == kept


def test_a_folder_becomes_a_folder_quarantine(tmp_path: Path) -> None:
    settings = load(LOCAL | {"FORWARDER_QUARANTINE": str(tmp_path)})

    assert isinstance(build_quarantine(settings), FolderQuarantine)
    assert build_quarantine(load(LOCAL)) is None


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(GUIDE).FIDDLER_URL = "https://elsewhere.example"  # type: ignore[misc]


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
    ],
)
def test_a_value_out_of_its_range_is_refused(name: str, value: str) -> None:
    assert problem(GUIDE | {name: value}).startswith(f"{name}: ")


def test_one_error_names_every_wrong_variable_at_once() -> None:
    wrong = WRONG_VALUES | {"FIDDLER_TOKN": TOKEN, "FORWARDER_INPUT_COLUMNS": "a"}
    del wrong["FORWARDER_PUBLISHER"]

    with pytest.raises(SettingsError) as raised:
        load(wrong)

    listing = str(raised.value)
    for name in wrong:
        assert f"- {name}" in listing
    assert "FIDDLER_TOKEN: missing" in listing
    assert "FORWARDER_INPUT_COLUMNS and FIDDLER_MODEL_COLUMNS are two names" in listing
    assert listing.startswith(f"{len(raised.value.problems)} setting(s) cannot be used:\n")


def test_what_is_missing_is_told_also_when_something_else_is_wrong() -> None:
    told = problems({"FIDDLER_MODEL_UUID": "churn", "FORWARDER_METADATA_COLUMNS": "x=latency"})

    assert [text.partition(":")[0] for text in told] == [
        "FIDDLER_MODEL_COLUMNS, FIDDLER_MODEL_OUTPUT_COLUMN",
        "FIDDLER_URL",
        "FIDDLER_TOKEN",
        "FORWARDER_METADATA_COLUMNS",
        "FIDDLER_MODEL_UUID",
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
    assert told[1] == "column names must be unique, but these stand twice: age"


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
        st.sampled_from([*Settings.model_fields, "FIDDLER_X"]),
        st.text() | st.sampled_from([*GUIDE.values(), *WRONG_VALUES.values()]),
    )
)
def test_any_environment_makes_settings_or_one_settings_error(environment: dict[str, str]) -> None:
    found: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    try:
        names = load(environment).mapping.names
    except SettingsError as error:
        found = error.problems

    assert bool(names) is not bool(found)
    assert len(set(found)) == len(found)


def test_the_way_in_that_is_not_supported_yet_is_refused_and_not_ignored() -> None:
    assert "AWS_PARTNER_APP_AUTH" in problem(GUIDE | {"AWS_PARTNER_APP_AUTH": "true"})
    assert str(load(GUIDE | {"AWS_PARTNER_APP_AUTH": "false"}).FIDDLER_MODEL_UUID) == MODEL
