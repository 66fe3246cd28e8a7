"""What a backfill that the function does by itself is to announce, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

_Text = Annotated[str, msgspec.Meta(max_length=1200)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1200)]
_Id = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,64}$")]
_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Count = Annotated[int, msgspec.Meta(ge=0)]
_Waiting = Annotated[int, msgspec.Meta(ge=10, le=100_000)]


class ListRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A wish that the function list capture files and announce them to itself.

    Parameters
    ----------
    id
        The backfill's name, which all of its requests have.
    places
        Where to list: addresses `s3://bucket/prefix`.
    since, until
        The first hour that counts, and the first that no longer does; None for no bound.
    endpoint, variant
        Only those of this endpoint or variant; None for all.
    route
        The route that the files are for; None for all of a file's routes.
    waiting
        How many messages the queue may hold.
    step
        How many requests of this backfill came before; each ends with the next one.
    folder, after
        The folder that is worked on, as an address, and the last key that is done there; those
        before it are done.
    sent, passed_over
        How many files were announced, and how many the route does not take.
    full
        How many requests in a row found the queue full.
    """

    id: _Id
    places: Annotated[tuple[_Name, ...], msgspec.Meta(min_length=1, max_length=10)]
    since: _Time | None = None
    until: _Time | None = None
    endpoint: _Name | None = None
    variant: _Name | None = None
    route: _Name | None = None
    waiting: _Waiting = 10_000
    step: _Count = 0
    folder: _Text = ""
    after: _Text = ""
    sent: _Count = 0
    passed_over: _Count = 0
    full: _Count = 0
