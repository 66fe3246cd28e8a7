"""Takes what the pages link to outside of docs/ into the site, so that their links work in both."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md")
_LINK = re.compile(r"(?<=\]\()(?P<up>(?:\.\./)+)(?P<path>[^)#]+)")
_INTO_DOCS = re.compile(r"(?<=\]\()docs/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages above docs/, and every file that a page links to."""
    linked = {
        found
        for file in files.documentation_pages()
        for link in _LINK.finditer(file.content_string)
        if (found := _outside(file.src_uri, link))
    }
    for path in sorted({*PAGES, *linked}):
        files.append(File.generated(config, path, abs_src_path=str(REPOSITORY / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links that leave docs/ lead to the copy in the site."""
    del config, files
    source = page.file.src_uri
    if source in PAGES:
        return _INTO_DOCS.sub("", markdown)

    def inside(link: re.Match[str]) -> str:
        path = _outside(source, link)
        return link.group() if path is None else "../" * source.count("/") + path

    return _LINK.sub(inside, markdown)


def _outside(source: str, link: re.Match[str]) -> str | None:
    """The path below the repository that a link means; None where that is in docs/."""
    depth = len(PurePosixPath(source).parts) - 1
    ups = link["up"].count("../")
    return link["path"] if ups > depth else None
