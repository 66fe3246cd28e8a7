"""template.yaml and its nested templates, and what they come to for given parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from samcli.yamlhelper import yaml_parse

from tests.support.package import REPOSITORY

Template = dict[str, Any]


@cache
def read(path: str) -> Template:
    """A template of the repository; all who read it share it."""
    template: Template = yaml_parse((REPOSITORY / path).read_text(encoding="utf-8"))
    return template


TEMPLATE = read("template.yaml")
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
ALARMS = read("templates/alarms.yaml")

_PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "capture-forwarder",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING = object()
"""What `AWS::NoValue` comes to: the property, or the list's entry, is not there."""


def properties(name: str, template: Template = TEMPLATE) -> Any:
    """The properties of a resource as they are written."""
    return template["Resources"][name]["Properties"]


def texts(value: Any) -> Iterator[str]:
    """Every text in a value of the template, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


class Deployment:
    """A template with parameters; a resource stands for itself by its name.

    Parameters
    ----------
    given
        Parameter → value. Each must fit its parameter's pattern.
    template
        The template.
    """

    def __init__(self, given: Mapping[str, str], template: Template = TEMPLATE) -> None:
        self._template = template
        declared = template["Parameters"]
        assert set(given) <= set(declared)
        assert not [name for name in given if not fits(name, given[name], template)]
        self._parameters = {
            name: _typed(one, str(given.get(name, one.get("Default", ""))))
            for name, one in declared.items()
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::Equals": lambda pair: str(self.value(pair[0])) == str(self.value(pair[1])),
            "Fn::Not": lambda one: not self.value(one[0]),
            "Fn::And": lambda some: all(self.value(one) for one in some),
            "Fn::Or": lambda some: any(self.value(one) for one in some),
            "Fn::If": lambda parts: self.value(parts[1 if self.condition(parts[0]) else 2]),
            "Fn::Join": lambda parts: parts[0].join(self.value(parts[1])),
            "Fn::Split": lambda parts: self.value(parts[1]).split(parts[0]),
            "Fn::Select": lambda parts: self.value(parts[1])[int(parts[0])],
            "Fn::Sub": self._substituted,
            "Fn::GetAtt": ".".join,
        }

    def condition(self, name: str) -> bool:
        """Whether a condition holds."""
        return bool(self.value(self._template["Conditions"][name]))

    def resources(self) -> dict[str, Any]:
        """The resources that are made, with the values of their properties."""
        return {
            name: self.value(one.get("Properties", {}))
            for name, one in self._template["Resources"].items()
            if "Condition" not in one or self.condition(one["Condition"])
        }

    def part(self, name: str) -> Deployment:
        """The nested stack that a resource is, with the parameters that it is given."""
        written = self.value(self._template["Resources"][name]["Properties"])
        given = {parameter: str(value) for parameter, value in written["Parameters"].items()}
        return Deployment(given, read(written["TemplateURL"]))

    def refusals(self) -> list[str]:
        """What the rules say against these parameters; nothing if they may be deployed."""
        return [
            assertion["AssertDescription"]
            for rule in self._template["Rules"].values()
            if self.value(rule.get("RuleCondition", True))
            for assertion in rule["Assertions"]
            if not self.value(assertion["Assert"])
        ]

    def environment(self) -> dict[str, str]:
        """The function's variables, without those that are empty."""
        written = self.value(properties("ForwarderFunction")["Environment"]["Variables"])
        queue = {"FORWARDER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/queue"}
        return {name: str(text) for name, text in (written | queue).items() if text != ""}

    def statements(self) -> dict[str, dict[str, Any]]:
        """What the function's role may do, by the statements' names."""
        (policy,) = self.value(properties("ForwarderRole")["Policies"])
        entries = policy["PolicyDocument"]["Statement"]
        by_name = {entry["Sid"]: entry for entry in entries}
        assert len(by_name) == len(entries)
        return by_name

    def value(self, written: Any) -> Any:
        """What something in the template comes to."""
        if isinstance(written, list):
            return [one for one in map(self.value, written) if one is not _NOTHING]
        if not isinstance(written, dict):
            return written
        if len(written) == 1:
            ((name, argument),) = written.items()
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._functions[name](argument)
        values = {name: self.value(one) for name, one in written.items()}
        return {name: one for name, one in values.items() if one is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        return {**_PSEUDO, **self._parameters}.get(name, name)

    def _substituted(self, written: Any) -> str:
        text, inserted = (written, {}) if isinstance(written, str) else written
        inserted = {name: self.value(one) for name, one in inserted.items()}

        def one(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            known = {*_PSEUDO, *self._template["Resources"], *self._parameters, *inserted}
            assert name.partition(".")[0] in known, name
            return str(inserted[name] if name in inserted else self._ref(name))

        return re.sub(r"\$\{([^}]*)\}", one, text)


def _typed(declared: Template, value: str) -> str | list[str]:
    return value.split(",") if declared["Type"] == "CommaDelimitedList" else value


def fits(parameter: str, value: str, template: Template = TEMPLATE) -> bool:
    """Whether a parameter takes a value."""
    declared = template["Parameters"][parameter]
    allowed = declared.get("AllowedValues")
    if allowed is not None and value not in map(str, allowed):
        return False
    return re.fullmatch(declared.get("AllowedPattern", ".*"), value) is not None
