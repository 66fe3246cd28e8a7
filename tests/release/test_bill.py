"""A release says what it is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from release.bill import bill_of_materials, distributions, licence, licence_list

MOMENT = 1_790_000_000
BY_EXPRESSION = "License-Expression: MIT\nClassifier: License :: OSI Approved :: Other\n"
BY_CLASSIFIER = "Classifier: License :: OSI Approved :: BSD License\nLicense: BSD, long text\n"
BY_FIELD = "License: MPL-2.0 AND MIT\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, said in (("b_two", BY_CLASSIFIER), ("a_one", BY_EXPRESSION), ("c_three", BY_FIELD)):
        info = tmp_path / f"{name}-1.0.dist-info"
        (info / "licenses").mkdir(parents=True)
        metadata = f"Metadata-Version: 2.4\nName: {name.replace('_', '-')}\nVersion: 1.0\n{said}"
        (info / "METADATA").write_text(metadata)
        (info / "licenses" / "LICENSE").write_text(f"Terms of {name}.\n")
    return tmp_path


def test_a_licence_is_told_by_expression_else_classifier_else_field(package: Path) -> None:
    found = {one.name: licence(one) for one in distributions(package)}
    assert found == {"a-one": "MIT", "b-two": "BSD License", "c-three": "MPL-2.0 AND MIT"}


def test_a_distribution_that_states_no_licence_is_told_as_such(tmp_path: Path) -> None:
    info = tmp_path / "x-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    assert [licence(one) for one in distributions(tmp_path)] == ["not stated"]


def test_the_bill_of_materials_is_valid_cyclonedx_with_every_distribution(package: Path) -> None:
    written = bill_of_materials("product", "1.2", distributions(package), MOMENT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    bill = json.loads(written)
    assert bill["metadata"]["component"]["name"] == "product"
    assert {part["purl"] for part in bill["components"]} == {
        "pkg:pypi/a-one@1.0",
        "pkg:pypi/b-two@1.0",
        "pkg:pypi/c-three@1.0",
    }


def test_the_bill_of_materials_is_the_same_for_the_same_parts(package: Path) -> None:
    one, other = (
        bill_of_materials("product", "1.2", distributions(package), MOMENT) for _ in range(2)
    )
    assert one == other


def test_each_licence_is_listed_with_its_text(package: Path) -> None:
    listed = licence_list(package)
    for name in ("a-one", "b-two", "c-three"):
        assert f"{name} 1.0: " in listed
        assert f"Terms of {name.replace('-', '_')}." in listed
