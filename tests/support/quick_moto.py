"""What moto works out again for each account and each answer is remembered or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest
from moto.core import models as core
from moto.core.base_backend import BaseBackend
from moto.core.serialize import AttributePicker, AttributePickerContext, XFormedAttributePicker
from moto.kms import models as kms
from moto.kms.utils import generate_private_key
from moto.settings import enable_iso_regions


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Have moto remember the addresses that it answers at, and what members are called in it."""
    patch.setattr(BaseBackend, "urls", property(_urls))
    for picker in (AttributePicker, XFormedAttributePicker):
        patch.setattr(picker, "get_possible_keys", _remembered(picker.get_possible_keys))
    # Nothing here calls AWS but botocore, and moto would prepare a thousand answers for requests.
    patch.setattr(core, "RESPONSES_METHODS", ())
    # Each table has a key, which nothing here is encrypted with, and which takes longer than it.
    patch.setattr(kms, "generate_private_key", cache(generate_private_key))


_make_urls: Callable[[BaseBackend], dict[str, Any]] = BaseBackend.urls.fget  # type: ignore[attr-defined]
_made: dict[object, dict[str, Any]] = {}


def _urls(backend: BaseBackend) -> dict[str, Any]:
    of = (type(backend), *backend.url_bases, enable_iso_regions())
    if of not in _made:
        _made[of] = _make_urls(backend)
    return _made[of]


Names = Callable[[Any, AttributePickerContext], Iterable[str]]


def _remembered(work_out: Names) -> Names:
    """The names that a member may have in an object, which come from the kinds of both alone."""
    known: dict[object, tuple[object, tuple[str, ...]]] = {}

    def names(picker: Any, context: AttributePickerContext) -> tuple[str, ...]:
        of = (type(context.obj), id(context.shape), context.key, *picker.alias_providers)
        if of not in known:
            # With the shape, so that nothing else ever has its id.
            known[of] = context.shape, tuple(work_out(picker, context))
        return known[of][1]

    return names
