"""Links, paths and pages of the docs: whatever a page points to is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docs_pages import PAGES, REPOSITORY, prose_of, text_of

# Where a path in backticks may begin.
ROOTS = (REPOSITORY, REPOSITORY / "src/capture_forwarder")
# Folders of this repository; other paths in the docs are examples.
FOLDERS = {
    "benchmarks",
    "docs",
    "lambda_package",
    "src",
    "tests",
    *(path.name for path in (REPOSITORY / "src/capture_forwarder").iterdir() if path.is_dir()),
}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {anchor(heading) for heading in headings}


def anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def links(page: str) -> Iterator[str]:
    """The links of a page that do not lead out of the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if "://" not in target:
            yield target


def broken(page: str) -> Iterator[str]:
    for link in links(page):
        place, _, fragment = link.partition("#")
        target = (REPOSITORY / page).parent / place if place else REPOSITORY / page
        if not target.exists() or (fragment and fragment not in anchors(target.resolve())):
            yield link


def unknown_paths(page: str) -> Iterator[str]:
    for code in re.findall(r"`([\w./*-]+)`", prose_of(page)):
        first = code.partition("/")[0]
        if "/" not in code or first not in FOLDERS:
            continue
        if code.startswith("aws/sagemaker/"):  # a namespace of CloudWatch
            continue
        if not any(True for root in ROOTS for _ in root.glob(code.rstrip("/"))):
            yield code


def test_an_anchor_is_what_github_makes_of_a_heading() -> None:
    assert anchor("Why did a file fail?") == "why-did-a-file-fail"
    assert anchor("4. Deploy") == "4-deploy"
    assert anchor("Arthur Scope (v3 API)") == "arthur-scope-v3-api"


def test_the_pages_and_their_links_are_found() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/start.md", "docs/how-to/deploy.md"} <= set(PAGES)
    assert "how-to/deploy.md" in set(links("docs/start.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_repository_leads_somewhere(page: str) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    assert list(unknown_paths(page)) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = {"README.md"}, ["README.md"]
    while waiting:
        page = waiting.pop()
        for link in links(page):
            target = ((REPOSITORY / page).parent / link.partition("#")[0]).resolve()
            found = target.relative_to(REPOSITORY.resolve()).as_posix()
            if found in PAGES and found not in reached:
                reached.add(found)
                waiting.append(found)
    unreached = {page for page in PAGES if page.startswith("docs/")} - reached
    assert unreached == set()


@pytest.mark.parametrize("page", PAGES)
def test_no_phrase_stands_in_a_page_that_a_native_reader_stumbles_over(page: str) -> None:
    phrases = ("of now", "takes nothing", "is told", " lies ")
    wrong = ("deploy in five minutes", "all their digits", "each publisher one module")
    text = " ".join(text_of(REPOSITORY / page).lower().split())
    assert [phrase for phrase in (*phrases, *wrong) if phrase in text] == []
