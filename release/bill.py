"""What a package of the function is made of: a bill of materials, and the licences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_LICENCE = "License :: OSI Approved :: "


def distributions(package: Path) -> list[Distribution]:
    """List the distributions in a package, by name."""
    found = [PathDistribution(path) for path in package.glob("*.dist-info")]
    return sorted(found, key=lambda one: one.name.lower())


def licence(distribution: Distribution) -> str:
    """Return what a distribution's metadata says of its licence, in one line.

    The expression counts before the classifiers, and these before the old field
    (Python's Core Metadata 2.4).
    """
    fields = distribution.metadata
    if "License-Expression" in fields:
        return fields["License-Expression"]
    classifiers = [
        text.removeprefix(_LICENCE)
        for text in fields.get_all("Classifier", [])
        if text.startswith(_LICENCE)
    ]
    if classifiers:
        return ", ".join(classifiers)
    # Some put the whole text into the old field; its first line is the name then.
    old = fields["License"].splitlines() if "License" in fields else []
    return next(filter(None, old), "not stated")


def bill_of_materials(name: str, version: str, parts: Sequence[Distribution], moment: int) -> str:
    """Write a CycloneDX 1.6 bill of materials.

    Parameters
    ----------
    name, version
        What is made of the parts.
    parts
        The distributions in it.
    moment
        Its time, in seconds since 1970.

    Returns
    -------
    str
        JSON, the same for the same parts.
    """
    make_licence = LicenseFactory().make_from_string
    whole = Component(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"{name}=={version}",
        licenses=[make_licence("Apache-2.0")],
    )
    bom = Bom()
    bom.metadata.component = whole
    bom.metadata.timestamp = datetime.fromtimestamp(moment, UTC)
    components = [
        Component(
            name=part.name,
            version=part.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{part.name}=={part.version}",
            purl=PackageURL("pypi", name=part.name.lower(), version=part.version),
            licenses=[make_licence(licence(part))],
        )
        for part in parts
    ]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(whole, components)
    of_parts = "\n".join(f"{part.name}=={part.version}" for part in parts)
    bom.serial_number = uuid5(NAMESPACE_URL, f"{name}=={version}\n{of_parts}")
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def licence_list(package: Path) -> str:
    """Write each distribution of a package with its version, its licence, and its licence's text.

    Parameters
    ----------
    package
        The folder that the function's archive is made of.
    """
    parts = []
    for one in distributions(package):
        folder = package / f"{one.metadata['Name'].replace('-', '_')}-{one.version}.dist-info"
        texts = [
            path.read_text(encoding="utf-8", errors="replace").strip()
            for path in sorted((folder / "licenses").rglob("*"))
            if path.is_file()
        ]
        head = f"{one.name} {one.version}: {licence(one)}"
        parts.append("\n\n".join([head, *texts]))
    line = "-" * 80
    return f"\n\n{line}\n".join(parts) + "\n"
