"""Commands that the docs print: options and parameters are there, and fit together."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from docs.generate import command
from tests.support.docs_pages import (
    PAGES,
    REPOSITORY,
    inline_code,
    shell_lines,
    text_of,
)
from tests.support.template_values import PARAMETERS, TEMPLATE, Deployment

COMMANDS = dict(command.commands())
MAKE = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def words_of(line: str) -> list[str]:
    """The words of a command line, without variables before it and a comment behind it."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words


def ours() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for line in [*shell_lines(page), *inline_code(page)]:
            if re.match(r"([A-Z_]+=\S+ )?capture-forwarder [a-z]", line):
                yield page, words_of(line)


def test_commands_are_found() -> None:
    found = {" ".join(words[1:3]) for _, words in ours()}
    assert {"quarantine redrive", "dead-letters redrive", "routes check"} <= found
    assert len(list(ours())) > 20


@pytest.mark.parametrize(("page", "words"), [*ours()])
def test_a_command_of_ours_has_only_options_that_there_are(page: str, words: list[str]) -> None:
    name = next((n for n in (2, 1) if " ".join(words[1 : 1 + n]) in COMMANDS), 0)
    assert name, page
    known = {opt for one in COMMANDS[" ".join(words[1 : 1 + name])].params for opt in one.opts}
    given = {word for word in words[1 + name :] if word.startswith("--")}
    assert given - known == set(), page


def deployments() -> Iterator[tuple[str, dict[str, str]]]:
    for page in PAGES:
        for line in shell_lines(page):
            words = words_of(line)
            if words[:2] in (["sam", "deploy"], ["sam", "build"]) and "..." not in line:
                pairs = [word.partition("=") for word in words[2:] if "=" in word]
                yield page, {name: value.strip('"') for name, _, value in pairs}


def test_deployments_are_found() -> None:
    found = [given for _, given in deployments() if given]
    assert any("FiddlerUrl" in given for given in found)
    assert any("RoutesFile" in given for given in found)


@pytest.mark.parametrize(("page", "given"), [*deployments()])
def test_a_deployment_has_parameters_that_fit_together(page: str, given: dict[str, str]) -> None:
    if "NAME" in given:
        return
    whole = {name: value.lower() if value.isupper() else value for name, value in given.items()}
    deployment = Deployment(whole)
    if "CaptureBucket" in whole:
        assert deployment.refusals() == [], page


def test_every_parameter_that_the_docs_name_is_there() -> None:
    pattern = r"`([A-Z][a-z]+[A-Z][A-Za-z]+)(?:=[^`]*)?`"
    named = set(re.findall(pattern, text_of(REPOSITORY / "docs/how-to/deploy.md")))
    others = {*TEMPLATE["Outputs"], "Bucket"}
    assert named - set(PARAMETERS) - others == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_make_target_that_a_page_names_is_there(page: str) -> None:
    for line in [*shell_lines(page), *inline_code(page)]:
        found = re.match(r"make ([a-z]+)", line)
        assert found is None or found[1] in MAKE, line
