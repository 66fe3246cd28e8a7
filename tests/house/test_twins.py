"""`aws` and `local` are twins: the same ports in files of the same names."""

from __future__ import annotations

import ast

import pytest

from tests.support.house import MODULES, PACKAGE

# The port in each file that both rooms have.
TWINS = {
    "ledger": "Ledger",
    "objects": "ObjectStore",
    "parts": "PartFiles",
    "quarantine": "Quarantine",
    "quarantine_files": "QuarantineFiles",
    "secrets": "Secret",
}


def classes(path: str) -> dict[str, set[str]]:
    """The classes of a module → their public methods."""
    return {
        found.name: {
            node.name
            for node in found.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        }
        for found in ast.parse((PACKAGE / path).read_text()).body
        if isinstance(found, ast.ClassDef)
    }


def port_named(name: str) -> set[str]:
    """The methods of a port."""
    (found,) = [
        methods
        for path in MODULES
        if path.startswith("core/ports/")
        for port, methods in classes(path).items()
        if port == name
    ]
    return found


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("room", ["aws", "local"])
def test_both_twins_have_the_port_in_a_file_of_the_same_name(room: str, name: str) -> None:
    assert port_named(TWINS[name]) in classes(f"{room}/{name}.py").values()


def test_every_port_of_folders_stands_beside_its_twin() -> None:
    def names(room: str) -> set[str]:
        return {path.split("/")[1].removesuffix(".py") for path in MODULES if path.startswith(room)}

    # The machine's clock has no twin in AWS, and only a folder needs to be told how to write.
    assert names("local/") - names("aws/") == {"clock", "whole_file"}
