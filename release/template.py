"""A template as a release has it: with functions that are built, for one runtime and processor."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A parameter or a resource: its name, and all that is deeper.
_ENTRY = re.compile(r"^  (?P<name>\w+):(?P<body>.*\n(?:(?:    .*)?\n)*)", re.MULTILINE)
_BUILD = re.compile(
    r"^    Metadata:\n(?:      .*\n)*?      BuildMethod: makefile\n(?:      .*\n)*", re.MULTILINE
)
_DEFAULT = re.compile(r"\bDefault: [^,\n]+")
_ALLOWED = re.compile(r"\bAllowedValues: \[[^\]]*\]")
# SAM's functions have a CodeUri, CloudFormation's own have Code.
_CODE = re.compile(r"^      (?P<key>Code(?:Uri)?): .*$", re.MULTILINE)


def functions_of(template: str) -> list[str]:
    """Find the functions that `sam build` builds.

    Parameters
    ----------
    template
        The text of a template.

    Returns
    -------
    list
        Their logical ids.
    """
    return [found["name"] for found in _ENTRY.finditer(template) if _BUILD.search(found["body"])]


def released(template: str, archives: Mapping[str, str], fixed: Mapping[str, str]) -> str:
    """Put archives in the place of what would be built.

    The text stays as it is otherwise, with its comments.

    Parameters
    ----------
    template
        The text of a template.
    archives
        The logical id of each of its functions → the path of its archive beside the template.
    fixed
        Parameters of which the archives leave no choice → their value; those that the template
        does not have are passed over.
    """

    def changed(found: re.Match[str]) -> str:
        name, body = found["name"], found["body"]
        if name in archives and _BUILD.search(body):
            body = _CODE.sub(rf"      \g<key>: {archives[name]}", _BUILD.sub("", body))
        elif name in fixed and _ALLOWED.search(body):
            body = _DEFAULT.sub(f"Default: {fixed[name]}", body)
            body = _ALLOWED.sub(f"AllowedValues: [{fixed[name]}]", body)
        return f"  {name}:{body}"

    return _ENTRY.sub(changed, template)
