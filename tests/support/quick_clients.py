"""What botocore makes again for each client is remembered.

It is the same each time, and was half of the time of a test that plays a whole account.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import regions
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser
from botocore.loaders import Loader
from botocore.model import ServiceModel


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Remember AWS's own descriptions of its services, and what comes from nothing else."""
    _share(patch, Loader, "_cache", _read)
    patch.setattr(ClientCreator, "_load_service_model", _model)
    patch.setattr(ClientCreator, "_create_methods", _methods)
    patch.setattr(regions, "EndpointProvider", _addresses)
    _share(patch, EventAliaser, "_alias_name_cache", _names)
    patch.setattr(boto3, "client", _client)


def _share(
    patch: pytest.MonkeyPatch, kind: type, name: str, shared: Callable[[Any], dict[Any, Any]]
) -> None:
    """Have objects look into a dictionary that others have filled, in place of their own."""
    patch.setattr(kind, name, property(shared, lambda *_: None), raising=False)


_loaded: dict[object, dict[object, Any]] = {}


def _read(loader: Loader) -> dict[object, Any]:
    """What loaders of the same folders have read; one without extras is no session's."""
    if not loader.extras_types:
        own: dict[object, Any] = vars(loader).setdefault("own_cache", {})
        return own
    of = (type(loader), type(loader.file_loader), *loader.search_paths)
    return _loaded.setdefault(of, {})


_creator: Any = ClientCreator
_make_model: Callable[..., Any] = _creator._load_service_model  # noqa: SLF001 - botocore has no other
_models: dict[object, ServiceModel] = {}


def _model(creator: ClientCreator, name: str, version: str | None = None) -> ServiceModel:
    """A service as its clients see it. It keeps its data, so that nothing else has the same id."""
    made = _make_model(creator, name, version)
    return _models.setdefault((name, id(made._service_description)), made)  # noqa: SLF001


_make_methods: Callable[..., dict[str, Any]] = _creator._create_methods  # noqa: SLF001
_made_methods: dict[ServiceModel, dict[str, Any]] = {}


def _methods(creator: ClientCreator, model: ServiceModel) -> dict[str, Any]:
    """The methods of a service's clients; each class of clients adds its own to them."""
    if model not in _made_methods:
        _made_methods[model] = _make_methods(creator, model)
    return dict(_made_methods[model])


_providers: dict[object, tuple[EndpointProvider, object]] = {}


def _addresses(
    ruleset_data: Any, partition_data: Any, excluded_params: set[str] | None = None
) -> EndpointProvider:
    """What finds a service's addresses by AWS's rules, with those that it has found."""
    of = (id(ruleset_data), id(partition_data), frozenset(excluded_params or ()))
    if of not in _providers:
        made = EndpointProvider(ruleset_data, partition_data, excluded_params)
        _providers[of] = made, (ruleset_data, partition_data)
    return _providers[of][0]


_new_names: dict[str, str] = {}


def _names(_: EventAliaser) -> dict[str, str]:
    """Event → its present name: each client has botocore's own table of those."""
    return _new_names


_make_client: Callable[..., Any] = boto3.client
_clients: dict[object, Any] = {}


def _client(*named: Any, **options: Any) -> Any:
    """A client of the tests; one of a server of its own is not kept beyond that server."""
    if "endpoint_url" in options or any("ENDPOINT_URL" in name for name in os.environ):
        return _make_client(*named, **options)
    account = tuple(sorted(pair for pair in os.environ.items() if pair[0].startswith("AWS_")))
    of = (named, tuple(options.items()), account)
    if of not in _clients:
        _clients[of] = _make_client(*named, **options)
    return _clients[of]
