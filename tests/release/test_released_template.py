"""The template of a release is the one that is built, with archives in the place of the code."""

from __future__ import annotations

import pytest
from samcli.yamlhelper import yaml_parse as load

from release.dist import templates
from release.template import functions_of, released

BUILT = {"Runtime": "python3.12", "Architecture": "x86_64"}
OTHERS = {"Runtime", "Architecture"}


@pytest.fixture(params=templates(), ids=lambda path: path.name)
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param.read_text())


def archives(text: str) -> dict[str, str]:
    return {name: f"{name}.zip" for name in functions_of(text)}


def test_the_forwarder_is_among_the_functions_that_are_built() -> None:
    assert "ForwarderFunction" in functions_of(templates()[0].read_text())


def test_each_function_that_is_built_becomes_an_archive_and_nothing_else_of_it_changes(
    text: str,
) -> None:
    before = load(text)["Resources"]
    after = load(released(text, archives(text), BUILT))["Resources"]
    for name in functions_of(text):
        assert before[name].pop("Metadata")["BuildMethod"] == "makefile"
        (code,) = {"Code", "CodeUri"} & before[name]["Properties"].keys()
        assert before[name]["Properties"].pop(code)
        assert after[name]["Properties"].pop(code) == f"{name}.zip"
    assert after == before


def test_no_other_runtime_or_processor_can_be_chosen_than_the_archives_are_for(text: str) -> None:
    before = load(text).get("Parameters", {})
    after = load(released(text, archives(text), BUILT)).get("Parameters", {})
    for name, value in BUILT.items():
        if "AllowedValues" in before.get(name, {}):
            assert after[name]["AllowedValues"] == [value]
            assert after[name]["Default"] == value
    assert {name: after[name] for name in after.keys() - OTHERS} == {
        name: before[name] for name in before.keys() - OTHERS
    }


def test_comments_stay(text: str) -> None:
    kept = released(text, archives(text), BUILT).splitlines()
    assert len(text.splitlines()) - len(kept) <= 6 * len(functions_of(text))
