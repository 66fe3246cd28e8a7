"""`constraints.json` of data quality, as Model Monitor writes and reads it.

The format is that of Amazon SageMaker's developer guide ("Schema for Constraints") and of files
that the service has published. Keys that are not known stay where they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from enum import StrEnum
from typing import cast

import msgspec

from capture_forwarder.monitor.errors import MonitorFileError
from capture_forwarder.monitor.profile.statistics import InferredType

Document = dict[str, object]

_OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")
"""The documented spelling, and the one that the SageMaker SDK writes below `string_constraints`."""


class Method(StrEnum):
    """Whether a distance is lessened by what few rows explain."""

    SIMPLE = "Simple"
    ROBUST = "Robust"


class CategoricalMethod(StrEnum):
    """How the drift of texts is measured."""

    L_INFINITY = "LInfinity"
    CHI_SQUARED = "ChiSquared"


class Monitoring(msgspec.Struct, frozen=True):
    """What is checked, and how strictly; as it holds for one column or for all."""

    evaluate: bool = True
    datatype_threshold: float = 1.0
    domain_threshold: float = 1.0
    compare: bool = True
    threshold: float = 0.1
    method: Method = Method.ROBUST
    categorical_threshold: float = 0.1
    categorical_method: CategoricalMethod = CategoricalMethod.L_INFINITY


class FeatureConstraints(msgspec.Struct, frozen=True):
    """What is asked of a column.

    `domains` is None where any text may stand, and `completeness` where rows may lack a value.
    """

    name: str
    inferred_type: InferredType
    completeness: float | None
    domains: frozenset[str] | None
    monitoring: Monitoring


class Constraints(msgspec.Struct, frozen=True):
    """The whole file: its features, what holds for all, and the document that it was read from."""

    features: tuple[FeatureConstraints, ...]
    monitoring: Monitoring
    document: Document

    def without(self, names: Collection[str]) -> Constraints:
        """The same, with nothing asked of some columns; the document stays as it is."""
        left = tuple(one for one in self.features if one.name not in names)
        return msgspec.structs.replace(self, features=left)

    def by_name(self) -> dict[str, FeatureConstraints]:
        """Column → what is asked of it."""
        return {feature.name: feature for feature in self.features}


class _Domains(msgspec.Struct):
    domains: list[str] | None = None


class _Feature(msgspec.Struct):
    name: str
    inferred_type: InferredType
    completeness: float | None = None
    string_constraints: _Domains | None = None


class _Distribution(msgspec.Struct):
    perform_comparison: str | None = None
    comparison_threshold: float | None = None
    comparison_method: str | None = None
    categorical_comparison_threshold: float | None = None
    categorical_drift_method: str | None = None


class _Config(msgspec.Struct):
    evaluate_constraints: str | None = None
    datatype_check_threshold: float | None = None
    domain_content_threshold: float | None = None
    distribution_constraints: _Distribution = msgspec.field(default_factory=_Distribution)


class _File(msgspec.Struct):
    features: list[_Feature]


def read_constraints(data: bytes, name: str) -> Constraints:
    """Read a file of ours or of Model Monitor's.

    Parameters
    ----------
    data
        The file's bytes.
    name
        What to call it in an error.

    Raises
    ------
    MonitorFileError
        It is no such file, or a setting in it has no meaning.
    """
    try:
        document = msgspec.json.decode(data, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_file(name, "it is no JSON object") from error
    return constraints_of(document, name)


def constraints_of(document: Document, name: str = "constraints.json") -> Constraints:
    """Read a document; see `read_constraints`."""
    try:
        known = msgspec.convert(document, _File, strict=False)
        config = cast("Document", document.get("monitoring_config") or {})
        written = cast("list[Document]", document["features"])
        features = tuple(
            FeatureConstraints(
                one.name,
                one.inferred_type,
                one.completeness,
                _domains(one),
                _monitoring(_merged(config, _overrides(raw))),
            )
            for one, raw in zip(known.features, written, strict=True)
        )
        usual = _monitoring(config)
    except msgspec.ValidationError as error:
        text = str(error)
        raise _no_file(name, text if "'" not in text else "a value has no meaning") from error
    except ValueError as error:
        raise _no_file(name, str(error)) from error
    if twice := _twice([feature.name for feature in features]):
        raise _no_file(name, f"the feature {twice!r} stands twice")
    return Constraints(features, usual, document)


def with_monitoring(constraints: Constraints, changes: Document) -> Constraints:
    """Change `monitoring_config` for all columns that do not override it.

    Parameters
    ----------
    constraints
        What is asked so far.
    changes
        Keys as in the file, `distribution_constraints` among them.
    """
    document = deepcopy(constraints.document)
    config = cast("Document", document.get("monitoring_config") or {})
    document["monitoring_config"] = _merged(config, changes)
    return constraints_of(document)


def write_constraints(constraints: Constraints) -> bytes:
    """Write the file's bytes: JSON in UTF-8."""
    return msgspec.json.format(msgspec.json.encode(constraints.document), indent=2) + b"\n"


def _domains(feature: _Feature) -> frozenset[str] | None:
    texts = feature.string_constraints
    return frozenset(texts.domains) if texts and texts.domains is not None else None


def _overrides(feature: Mapping[str, object]) -> Document:
    """What a feature overrides, in either spelling and at any of the three places."""
    found: Document = {}
    for holder in (feature, feature.get("string_constraints"), feature.get("num_constraints")):
        if isinstance(holder, dict):
            for key in _OVERRIDES:
                if isinstance(given := holder.get(key), dict):
                    found = _merged(found, given)
    return found


def _merged(below: Document, above: Mapping[str, object]) -> Document:
    merged = dict(below)
    for key, value in above.items():
        held = merged.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            merged[key] = _merged(held, value)
        else:
            merged[key] = value
    return merged


def _monitoring(config: Document) -> Monitoring:
    """Fill in what is absent: files of 2021 have one threshold for numbers and texts."""
    given = msgspec.convert(config, _Config, strict=False)
    compared = given.distribution_constraints
    usual = Monitoring()
    threshold = _or(compared.comparison_threshold, usual.threshold)
    return Monitoring(
        evaluate=_enabled(given.evaluate_constraints, "evaluate_constraints"),
        datatype_threshold=_or(given.datatype_check_threshold, usual.datatype_threshold),
        domain_threshold=_or(given.domain_content_threshold, usual.domain_threshold),
        compare=_enabled(compared.perform_comparison, "perform_comparison"),
        threshold=threshold,
        method=_method(compared.comparison_method),
        categorical_threshold=_or(compared.categorical_comparison_threshold, threshold),
        categorical_method=_categorical(compared.categorical_drift_method),
    )


def _or(given: float | None, usual: float) -> float:
    return usual if given is None else given


def _enabled(word: str | None, key: str) -> bool:
    if word not in {None, "Enabled", "Disabled"}:
        raise ValueError(f"{key} must be Enabled or Disabled")
    return word != "Disabled"


def _method(word: str | None) -> Method:
    """The guide names the methods `linf_simple` and `linf_robust`; files say Simple and Robust."""
    if word is None:
        return Method.ROBUST
    for method in Method:
        if word.lower().removeprefix("linf_") == method.lower():
            return method
    raise ValueError("comparison_method must be Simple or Robust")


def _categorical(word: str | None) -> CategoricalMethod:
    if word is None:
        return CategoricalMethod.L_INFINITY
    for method in CategoricalMethod:
        if word.lower() == method.lower():
            return method
    raise ValueError("categorical_drift_method must be LInfinity or ChiSquared")


def _twice(names: list[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _no_file(name: str, why: str) -> MonitorFileError:
    return MonitorFileError(
        f"{name} is no constraints.json of data quality: {why}.",
        "Make one with: capture-forwarder monitor baseline DATA --to FOLDER",
    )
