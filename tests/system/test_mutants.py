"""The list of mutants fits the code; `make mutants` runs them."""

from __future__ import annotations

import pytest

from tests.support.mutants import MUTANTS, Mutant
from tests.support.package import REPOSITORY


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: one.promise)
def test_a_mutant_changes_one_text_of_the_code_and_names_tests_that_there_are(one: Mutant) -> None:
    text = (REPOSITORY / "src/capture_forwarder" / one.file).read_text(encoding="utf-8")

    assert text.count(one.text) == 1
    assert one.text != one.broken
    assert one.tests
    assert all((REPOSITORY / test).is_file() for test in one.tests)
