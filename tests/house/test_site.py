"""The docs as a site: every page is in it, and what they link to outside of docs/."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.docs_pages import REPOSITORY
from tests.support.made_once import made_once


def built(folder: Path) -> Path:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder / "site")],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "site", built)


def test_each_page_is_in_the_site_and_has_a_title(site: Path) -> None:
    pages = [path for path in (REPOSITORY / "docs").rglob("*.md") if path.name != "README.md"]
    assert len(pages) > 25
    for page in pages:
        written = site / page.relative_to(REPOSITORY / "docs").with_suffix("") / "index.html"
        assert "<h1" in written.read_text(), page


@pytest.mark.parametrize(
    "path", ["CHANGELOG/index.html", "CONTRIBUTING/index.html", "template.yaml"]
)
def test_what_pages_link_to_outside_of_docs_is_there(site: Path, path: str) -> None:
    assert (site / path).stat().st_size


def test_a_link_out_of_docs_leads_to_the_copy_in_the_site(site: Path) -> None:
    page = (site / "package/index.html").read_text()
    assert 'href="../lambda_package/build.py"' in page
    assert (site / "lambda_package/build.py").is_file()


def test_a_reader_asks_no_other_machine_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert "fonts.googleapis.com" not in text
        assert '<script src="http' not in text
        assert '<link rel="stylesheet" href="http' not in text


def test_no_code_that_writes_the_docs_is_in_the_site(site: Path) -> None:
    assert not (site / "generate").exists()
