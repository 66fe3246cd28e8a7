"""A routes file becomes routes, or one error that says all that is wrong with it and where."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.parser.mapping.columns import Column
from capture_forwarder.settings import RouteSettings, load
from capture_forwarder.settings.publishers import FiddlerSettings
from capture_forwarder.settings.route import MappingSettings, Match
from capture_forwarder.settings.routes_file import parse_routes
from capture_forwarder.settings.schema import routes_schema
from capture_forwarder.wiring.forwarder import read_routes

DOCS = Path(__file__).parents[2] / "docs"
TOKEN = "fid-7hKq2-secret-token"  # noqa: S105
FIDDLER = {
    "type": "fiddler",
    "url": "https://example.fiddler.ai",
    "model_uuid": "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "token": TOKEN,
}
DUCKDB = {"type": "duckdb"}
PLACE = re.compile(r"^routes\.yaml(, line \d+)?(, route [\w.-]+)?: ")
MAPPING = {"inputs": ["age", "income"], "outputs": ["score"]}


def one(**changes: Any) -> dict[str, Any]:
    """Write a right route, with changes."""
    return {"name": "churn", "mapping": MAPPING, "publisher": DUCKDB, **changes}


def read(*routes: Any) -> tuple[RouteSettings, ...]:
    return parse_routes(json.dumps({"routes": routes}), "routes.yaml")


def told_of(text: str) -> list[str]:
    """All that is wrong with a file."""
    with pytest.raises(SettingsError) as raised:
        parse_routes(text, "routes.yaml")
    told = raised.value.problems
    assert all(PLACE.match(problem) for problem in told)
    assert len(set(told)) == len(told)
    return list(told)


def problems(text: str) -> list[str]:
    """All that is wrong with a file, without file, line and route."""
    return [PLACE.sub("", problem) for problem in told_of(text)]


def wrong(*routes: Any) -> list[str]:
    return problems(json.dumps({"routes": routes}))


# --- what works ----------------------------------------------------------------------------


def test_a_file_may_be_yaml_or_json_and_says_the_same() -> None:
    document = {"routes": [one(match={"endpoint": "churn-*"}), one(name="rest")]}

    of_yaml = parse_routes(yaml.safe_dump(document), "routes.yaml")

    assert of_yaml == parse_routes(json.dumps(document), "routes.json")
    assert [route.name for route in of_yaml] == ["churn", "rest"]
    assert of_yaml[0].mapping.columns.inputs == (Column("age"), Column("income"))


def test_a_list_may_be_written_as_one_text_with_commas() -> None:
    (listed,) = read(one(mapping={"inputs": ["age", "where=a.b"], "outputs": ["score"]}))
    (written,) = read(one(mapping={"inputs": "age, where=a.b", "outputs": "score"}))

    assert listed.mapping.columns == written.mapping.columns


def test_an_anchor_says_a_mapping_once_for_several_routes() -> None:
    text = """
    routes:
      - {name: a, mapping: &both {inputs: age}, publisher: &db {type: duckdb}}
      - {name: b, mapping: *both, publisher: {<<: *db, path: other.duckdb}}
    """

    first, second = parse_routes(text, "routes.yaml")

    assert first.mapping == second.mapping
    assert second.publisher.type == "duckdb"
    assert second.publisher.path == "other.duckdb"


def test_one_route_alone_needs_no_name_and_is_called_as_that_of_the_environment() -> None:
    (route,) = read({"mapping": MAPPING, "publisher": DUCKDB})

    assert route.name == "captures"
    assert not route.goes_on


def test_routes_are_values_that_can_be_compared_and_keyed() -> None:
    assert {read(one(publisher=FIDDLER))[0]: "lane"}[read(one(publisher=FIDDLER))[0]] == "lane"
    assert read(one(publisher=FIDDLER)) != read(one(publisher=FIDDLER | {"token": "another"}))


def test_what_is_empty_is_not_set_and_space_around_a_text_is_none_of_it() -> None:
    publisher = FIDDLER | {"token": f" {TOKEN}\n", "token_parameter": "", "partner_app_arn": None}

    (route,) = read(one(publisher=publisher, mapping=MAPPING | {"timestamp": None}))

    assert route == read(one(publisher=FIDDLER))[0]
    assert isinstance(route.publisher, FiddlerSettings)
    assert route.publisher.token
    assert route.publisher.token.get_secret_value() == TOKEN


# --- what does not -------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_by_their_place() -> None:
    without_url = {name: value for name, value in FIDDLER.items() if name != "url"}
    told = wrong(
        one(match={"endpont": "churn"}),
        one(name="second", publisher=without_url, mapping={"inputs": "a,,b"}),
        one(name="third", publisher={"type": "datadog"}, mapping={}),
    )

    assert [problem.partition(": ")[0] for problem in told] == [
        "match.endpont",
        "publisher.url",
        "mapping.inputs",
        "mapping.inputs, mapping.outputs",
        "publisher.type",
    ]
    assert told[1] == ("publisher.url: missing; set it to the address of your Fiddler instance")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must be a mapping with a list named `routes`"),
        ("- a", "must be a mapping with a list named `routes`"),
        ("routes: all", "must be a mapping with a list named `routes`"),
        ("routes: []", "routes: the list is empty"),
        ("routes: [churn]", "routes[0]: must be a mapping with name, mapping and publisher"),
    ],
)
def test_a_file_without_routes_is_refused(text: str, told: str) -> None:
    assert problems(text) == [told]


def test_settings_beside_the_routes_are_refused() -> None:
    told = problems(json.dumps({"routes": [one()], "ledger": "dynamodb://table"}))

    assert told == ["ledger: there is no such setting; everything belongs under `routes`"]


def test_routes_that_duckdb_would_write_to_one_table_are_refused() -> None:
    apart = one(name="CHURN") | {"publisher": {"type": "duckdb", "path": "other.duckdb"}}
    assert [route.name for route in read(one(), apart)] == ["churn", "CHURN"]

    assert wrong(one(), one(name="Churn")) == [
        "routes: 'churn' and 'Churn' are one table to DuckDB; rename one of them"
    ]


def test_columns_that_duckdb_takes_for_one_are_refused() -> None:
    (told,) = wrong(one(mapping={"inputs": ["age", "Age"], "outputs": ["score"]}))

    assert told.endswith("column names: 'age' and 'Age' are one to DuckDB; rename one")


def test_every_route_of_several_needs_a_name_of_its_own() -> None:
    nameless = {"mapping": MAPPING, "publisher": DUCKDB}

    told = wrong(one(), one(), nameless, nameless | {"name": ""})

    assert told[0] == "routes: 2 routes have the name 'churn'; each needs its own"
    assert [problem.partition(";")[0] for problem in told[1:]] == [
        "routes[2].name: missing",
        "routes[3].name: missing",
    ]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": 5}, "routes[0].name: "),
        ({"name": "two words"}, "routes[0].name: "),
        ({"continue": "perhaps"}, "continue: "),
        ({"goes_on": True}, "goes_on: "),
        ({"match": "churn"}, "match: must be a mapping"),
        ({"mapping": ["age"]}, "mapping: must be a mapping"),
        ({"publisher": "duckdb"}, "publisher: must be a mapping with type, one of"),
        ({"publisher": None}, "publisher: must be a mapping with type, one of"),
        ({"publisher": {"type": ["duckdb"]}}, "publisher.type: must be one of fiddler"),
        ({"publisher": {"path": "x.duckdb"}}, "publisher.type: must be one of fiddler"),
        ({"match": {"endpoint": 2026}}, "match.endpoint: "),
        ({"mapping": {"inputs": [1, 2]}}, "mapping.inputs: must be a list of names"),
        ({"mapping": {"inputs": {"a": "b"}}}, "mapping.inputs: must be a list of names"),
        ({"mapping": MAPPING | {"csv_header": True}}, "mapping.csv_header: "),
        ({"mapping": MAPPING | {"event_id": "age"}}, "mapping: column names must be"),
        ({"publisher": FIDDLER | {"token": 5}}, "publisher.token: "),
        ({"publisher": FIDDLER | {"tokn": "x"}}, "publisher.tokn: "),
    ],
)
def test_a_wrong_value_is_told_once_by_its_place(changes: dict[str, Any], place: str) -> None:
    (told,) = wrong(one(**changes))

    assert told.startswith(place)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("routes:\n  - [", 2, "this is not YAML"),
        ("routes: [{? [a] : b}]", 1, "this is not YAML"),
    ],
)
def test_what_is_no_yaml_is_told_by_its_line(text: str, line: int, told: str) -> None:
    (problem,) = told_of(text)

    assert problem.startswith(f"routes.yaml, line {line}: {told}")


WRONG = """
# the first line is empty
routes:
  - name: churn
    mapping: &ours
      imputs: [age]
      outputs: score
    publisher:
      type: fidler
  - mapping:
      <<: *ours
    publisher: {type: duckdb, pth: x}
    name: credit
    contine: true
    match:
      endpont: x
"""


def test_each_mistake_has_its_line_its_route_and_the_word_that_was_meant() -> None:
    told = told_of(WRONG)

    assert [problem.partition(": ")[0] for problem in told] == [
        f"routes.yaml, line {line}, route {name}"
        for line, name in (
            (6, "churn"),
            (9, "churn"),
            (10, "credit"),
            (12, "credit"),
            (14, "credit"),
            (16, "credit"),
        )
    ]
    said = "\n".join(told)
    for meant in ("fiddler", "inputs", "path", "continue", "endpoint"):
        assert f"did you mean {meant}?" in said
    assert said.count("did you mean inputs?") == 2


TWICE = """
routes:
  - name: churn
    mapping:
      inputs: [age]
      imputs: [age]
      inputs: [income]
      outputs: score
    publisher:
      type: duckdb
      path: a.duckdb
      path: b.duckdb
      type: duckdb
      type: fidler
  - name: credit
    name: debit
    mapping: {inputs: [a], outputs: b, outputs: c}
    publisher: {type: duckdb}
"""


def test_keys_that_appear_twice_are_told_together_and_with_the_other_mistakes() -> None:
    said = [problem.removeprefix("routes.yaml, line ") for problem in told_of(TWICE)]

    assert said[0].startswith("6, route churn: mapping.imputs: there is no such setting")
    twice = [problem for problem in said if "appears" in problem]
    assert twice == [
        "7, route churn: mapping.inputs: appears 2 times, on lines 5 and 7; keep one of them",
        "12, route churn: publisher.path: appears 2 times, on lines 11 and 12; keep one of them",
        (
            "14, route churn: publisher.type: appears 3 times, on lines 10, 13 and 14; "
            "keep one of them"
        ),
        "16, route debit: name: appears 2 times, on lines 15 and 16; keep one of them",
        "17, route debit: mapping.outputs: appears 2 times, on line 17; keep one of them",
    ]
    assert any("did you mean fiddler?" in problem for problem in said)


def test_a_list_of_routes_that_appears_twice_is_told_whatever_else_it_is() -> None:
    good = json.dumps([one()])

    (told,) = told_of(f'{{"routes": {good},\n "routes": 5, "routes": {good}}}')
    assert told.startswith("routes.yaml, line 2: routes: appears 3 times, on lines 1 and 2;")
    assert len(told_of('{"routes": [],\n "routes": 5}')) == 2


@given(data=st.data())
def test_every_key_that_appears_twice_is_told_with_its_line(data: st.DataObject) -> None:
    routes = [one(name="a"), one(name="b", match={"endpoint": "churn", "variant": "v"})]
    plain = json.loads(json.dumps({"routes": routes}))  # without aliases
    lines = yaml.safe_dump(plain, sort_keys=False).splitlines()
    single = [n for n, text in enumerate(lines) if re.match(r" +\w+: \S", text)]
    chosen = data.draw(st.sets(st.sampled_from(single), min_size=1))
    text = [one for n, line in enumerate(lines) for one in [line] * (1 + (n in chosen))]

    told = told_of("\n".join(text))

    seconds = [n + 2 + sum(other < n for other in chosen) for n in sorted(chosen)]
    found = [
        re.match(r"routes\.yaml, line (\d+), route [ab]: .*: appears 2 times", one) for one in told
    ]
    assert [int(one[1]) for one in found if one] == seconds
    assert len(told) == len(seconds)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("route: []", "; did you mean it by `route`?"),
        ("models: []", ""),
        ("routs:\n  - name: a\n", "; did you mean it by `routs`?"),
    ],
)
def test_a_mistyped_list_of_routes_is_recognized(text: str, hint: str) -> None:
    assert problems(text) == [f"must be a mapping with a list named `routes`{hint}"]


def test_a_name_that_can_be_none_is_not_told_since_it_may_be_anything() -> None:
    (told,) = told_of(json.dumps({"routes": [one(name=f"my secret {TOKEN}")]}))

    assert TOKEN not in told
    assert told.startswith("routes.yaml, line 1: routes[0].name: ")


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["name", "mapping", "publisher", "match", "x y", "mapping.inputs"]),
            st.recursive(
                st.none() | st.booleans() | st.text(max_size=3),
                lambda inner: (
                    st.lists(inner, max_size=2)
                    | st.dictionaries(st.sampled_from(["inputs", "type", "a: b", "x[0]"]), inner)
                ),
                max_leaves=5,
            ),
        ),
        max_size=3,
    )
)
def test_whatever_is_written_each_mistake_is_on_a_line_of_its_route(routes: list[Any]) -> None:
    text = yaml.safe_dump({"routes": routes}, sort_keys=False)
    lines = text.splitlines()
    try:
        parse_routes(text, "routes.yaml")
    except SettingsError as error:
        for problem in error.problems:
            found = re.match(r"routes\.yaml, line (\d+)(?:, route [\w.-]+)?: ", problem)
            assert found, problem
            assert 1 <= int(found[1]) <= len(lines)


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_pattern_that_is_empty_is_refused_since_it_would_fit_everything(nothing: object) -> None:
    (told,) = wrong(one(match={"endpoint": nothing}))

    assert told == "match.endpoint: is empty; leave it out or give a pattern"


def test_a_match_that_is_empty_is_refused_since_it_would_fit_everything() -> None:
    (told,) = problems("routes: [{match: , mapping: {inputs: a}, publisher: {type: duckdb}}]")

    assert told.startswith("routes[0].match: is empty; leave it out")


def test_a_secret_that_is_empty_or_given_twice_is_refused() -> None:
    (empty,) = wrong(one(publisher=FIDDLER | {"token": ""}))
    (twice,) = wrong(one(publisher=FIDDLER | {"token_parameter": "/fiddler"}))

    assert empty.startswith("publisher.token: missing; set it or publisher.")
    assert twice.endswith("are set; set only one of them")


# --- secrets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        f"[{TOKEN}]",
        f"*{TOKEN}",
        f"!{TOKEN} x",
        f"!{TOKEN}!x y",
        f"&{TOKEN} *{TOKEN}",
        f"'{TOKEN}",
        f"{{{TOKEN}: {TOKEN}}}",
        f"{TOKEN}\n token_parameter: x",
        f'"\\{TOKEN}"',
    ],
)
def test_a_secret_is_in_no_error_and_no_traceback(written: str) -> None:
    text = f"routes:\n- mapping: {{inputs: a}}\n  publisher:\n   type: fiddler\n   token: {written}"

    for wrong_text in (text, f"{text}\n   url: nowhere"):
        with pytest.raises(SettingsError) as raised:
            parse_routes(wrong_text, "routes.yaml")
        assert TOKEN not in str(raised.value)
        assert TOKEN not in "".join(traceback.format_exception(raised.value))


def test_a_secret_is_in_no_representation_of_a_route() -> None:
    (route,) = read(one(publisher=FIDDLER))

    assert TOKEN not in repr(route)
    assert TOKEN not in route.model_dump_json()


# --- any file ------------------------------------------------------------------------------

KEYS = ["routes", "name", "match", "mapping", "publisher", "continue", "type", "inputs", "token"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["duckdb"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
ROUTES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["a", "b", 5, None]) | VALUES,
            "match": st.dictionaries(st.sampled_from([*Match.model_fields]), VALUES) | VALUES,
            "mapping": st.just(MAPPING)
            | st.dictionaries(st.sampled_from([*MappingSettings.model_fields]), VALUES)
            | VALUES,
            "publisher": st.sampled_from([DUCKDB, FIDDLER])
            | st.dictionaries(st.sampled_from([*FIDDLER, "path"]), VALUES)
            | VALUES,
            "continue": st.booleans() | VALUES,
        },
    )
    | VALUES,
    max_size=3,
)


def routes_or_problems(text: str) -> object:
    try:
        return parse_routes(text, "routes.yaml")
    except SettingsError as error:
        return error.problems


@given(document=st.fixed_dictionaries({"routes": ROUTES}) | VALUES)
def test_any_document_makes_routes_or_one_settings_error(document: object) -> None:
    assert routes_or_problems(json.dumps(document))
    assert routes_or_problems(yaml.safe_dump(document))


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_pair_is_told_with_its_line(text: str) -> None:
    for document in ({"routes": [{"name": text}]}, {"routes": [{text: "x"}]}, {text: "x"}, [text]):
        with pytest.raises(SettingsError, match=r"line 1: .* has half of a surrogate pair"):
            parse_routes(json.dumps(document), "routes.json")


def test_aliases_that_expand_cost_no_time() -> None:
    """Each level has ten of the one below: ten to the twentieth in all."""
    levels = ["a0: &a0 x"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 21)]
    text = "\n".join([*levels, "routes: [{name: *a20, mapping: {inputs: *a20}, match: *a20}]"])

    assert routes_or_problems(text)


@given(text=st.text(alphabet="routes:-[]{}&*!'\"\\ \n\t#|>?%@`,ab0"))
def test_any_text_makes_routes_or_one_settings_error(text: str) -> None:
    assert routes_or_problems(text)


# --- where it lies -------------------------------------------------------------------------


def test_routes_that_continue_need_a_ledger(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text(json.dumps({"routes": [one(**{"continue": True}), one(name="rest")]}))
    named = {"FORWARDER_ROUTES": str(file)}

    with pytest.raises(SettingsError, match="FORWARDER_LEDGER: missing; the route churn continues"):
        read_routes(load(named))

    assert len(read_routes(load(named | {"FORWARDER_LEDGER": "ledger.sqlite"}))) == 2


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "routes.yaml"
    if content:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=r"routes\.yaml: cannot be read"):
        read_routes(load({"FORWARDER_ROUTES": str(file)}))


# --- what the documents say ----------------------------------------------------------------


def examples() -> list[str]:
    text = (DOCS / "how-to/routes.md").read_text(encoding="utf-8")
    return re.findall(r"```(?:yaml|json)\n(.*?)```", text, re.DOTALL)


def test_the_published_schema_is_the_one_that_the_command_prints() -> None:
    assert json.loads((DOCS / "routes.schema.json").read_text(encoding="utf-8")) == routes_schema()


@pytest.mark.parametrize("example", examples())
def test_a_documented_example_is_right_by_the_code_and_by_the_schema(example: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    routes = parse_routes(example, "routes.yaml")

    jsonschema.validate(yaml.safe_load(example), routes_schema())
    assert {route.publisher_name for route in routes} >= {"fiddler", "arthur", "openscale", "files"}


@pytest.mark.parametrize(
    "routes",
    [
        [],
        [{"mapping": MAPPING}],
        [one(publisher={"type": "datadog"})],
        [one(publisher={name: value for name, value in FIDDLER.items() if name != "token"})],
        [one(publisher=FIDDLER | {"token_parameter": "/fiddler"})],
        [one(goes_on=True)],
        [one(match={"endpoint": ""})],
        [one(match={"endpoint": None})],
        [one(mapping={"inputs": {"a": "b"}})],
        [one(), {"mapping": MAPPING, "publisher": DUCKDB}],
    ],
)
def test_the_schema_refuses_what_the_code_refuses(routes: list[Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")

    assert wrong(*routes)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"routes": routes}, routes_schema())


def test_the_schema_itself_is_right_and_holds_nothing_of_its_making() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = routes_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.dumps(schema).count('"title"') == 1
    assert '"null"' not in json.dumps(schema)
    assert '"discriminator"' not in json.dumps(schema)
