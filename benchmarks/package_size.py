"""How large the built package is, unzipped and zipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.lab import Lab, say
from benchmarks.report import Row

_MOST, _MOST_ZIPPED = 25.0, 9.0


def measure(lab: Lab) -> list[Row]:
    """Measure the package, and what a plain installation of fiddler-client takes."""
    say("package")
    unzipped = sum(path.stat().st_size for path in lab.package.rglob("*") if path.is_file())
    archive = Path(shutil.make_archive(str(lab.folder / "package"), "zip", lab.package))
    plain = sum(_sizes("fiddler-client", set()))
    form = "{:.1f} MB"
    return [
        Row(
            "package, unzipped",
            unzipped / 1e6,
            plain / 1e6,
            _MOST,
            higher=False,
            absolute=True,
            form=form,
        ),
        Row(
            "package, zipped",
            archive.stat().st_size / 1e6,
            None,
            _MOST_ZIPPED,
            higher=False,
            absolute=True,
            form=form,
        ),
    ]


def _sizes(name: str, seen: set[str]) -> Iterator[int]:
    """Give the sizes of the files of a distribution and of all that it asks for."""
    if name in seen:
        return
    seen.add(name)
    distribution = metadata.distribution(name)
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        # Bytecode is made by pip and is not part of what is downloaded.
        if path.is_file() and path.suffix != ".pyc":
            yield path.stat().st_size
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from _sizes(requirement.name.lower(), seen)
