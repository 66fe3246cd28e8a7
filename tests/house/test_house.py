"""The rooms of the house: which may import which, and what stands outside of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.house import (
    MODULES,
    NAME,
    PACKAGE,
    ROOMS,
    all_imports,
    first_matching,
    imports_of,
    is_in,
    own_room,
    room_of,
)

FEATURES = {
    *("quarantine", "dead_letters", "inspection", "setup", "backfill", "labels", "monitor"),
    "batch_transform",
}
BELOW_WIRING = FEATURES | {
    *("core", "triggers", "parser", "settings", "publishers", "aws", "local", "forwarding"),
}

# A room → the other rooms that it may import. A room in a room has its own line, or that of the
# room it is in. All may import what is in their own room, and `__version__`.
MAY_IMPORT: dict[str, set[str]] = {
    "": {"core", "parser", "inspection", "wiring"},  # what notebooks import, when they ask for it
    "core": set(),
    "triggers": {"core"},
    "parser": {"core"},
    "settings": {"core", "parser"},
    "publishers": {"core", "parser"},
    "aws": {"core"},
    "local": {"core"},
    "forwarding": {"core", "parser", "triggers"},
    **{feature: {"core", "parser", "forwarding", "settings"} for feature in FEATURES},
    "wiring": BELOW_WIRING,
    "handlers": {"wiring", "triggers"},
    "cli": BELOW_WIRING | {"wiring"},
}

COMMANDS_DOOR = "__main__.py"

# A room → what else of it may be imported from elsewhere; of the others listed here, only what
# the room itself offers.
ENTRANCES: dict[str, dict[str, str]] = {
    "triggers": {},
    "parser": {"parser.captures": "the reader for notebooks, which the function never imports"},
}


def strangers() -> Iterator[tuple[str, str]]:
    """Every module of a room and the other room that it imports without being allowed to."""
    for found in all_imports():
        room, other = room_of(found.module), own_room(found.whole)
        if found.module == COMMANDS_DOOR and other == "cli":
            continue
        if not other or is_in(other, [room.partition("/")[0] or "none"]):
            continue
        if not is_in(other, first_matching(room, MAY_IMPORT)):
            yield found.module, other


def test_the_table_names_every_room_that_stands_on_the_ground() -> None:
    ground = {room.partition("/")[0] for room in ROOMS}

    assert ground <= MAY_IMPORT.keys()


def test_the_rules_see_the_whole_house() -> None:
    assert {"core", "core/ports", "publishers/fiddler", "cli/forward"} <= set(ROOMS)
    assert own_room(f"{NAME}.parser.mapping.columns.Column") == "parser/mapping"
    assert own_room(f"{NAME}.__version__") == ""
    assert own_room("botocore.session") is None
    assert ("wiring/forwarder.py", "forwarding") in {
        (found.module, own_room(found.whole)) for found in all_imports()
    }


def test_no_room_imports_another_that_it_should_not_know() -> None:
    assert sorted(set(strangers())) == []


def test_publishers_know_nothing_of_each_other() -> None:
    found = {
        (found.module, found.origin)
        for found in all_imports()
        if is_in(room_of(found.module), ["publishers"])
        and is_in(own_room(found.whole) or "", ["publishers"])
        and own_room(found.whole) not in {room_of(found.module), "publishers"}
    }

    assert found == set()


@pytest.mark.parametrize("entered", ENTRANCES)
def test_a_room_is_entered_by_its_door(entered: str) -> None:
    found = {
        (one.module, one.inside.removeprefix(f"{NAME}."))
        for one in all_imports()
        if is_in(own_room(one.whole) or "", [entered])
        and not is_in(room_of(one.module), [entered])
        and one.inside != f"{NAME}.{entered}"
    }

    allowed = ENTRANCES[entered]
    assert sorted(one for one in found if one[1] not in allowed) == []


def test_settings_know_the_parser_by_its_column_mapping_alone() -> None:
    columns = ast.parse((PACKAGE / "parser" / "mapping" / "columns.py").read_text())
    defined = {
        node.name for node in columns.body if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    found = {
        (one.module, one.name)
        for module in MODULES
        for one in imports_of(module)
        if is_in(room_of(module), ["settings"])
        and is_in(own_room(one.whole) or "", ["parser"])
        and one.name not in defined
    }

    assert found == set()


def test_nothing_private_is_imported_from_another_room() -> None:
    found = {
        (one.module, one.whole)
        for one in all_imports()
        if (room := own_room(one.whole)) is not None
        and room != room_of(one.module)
        and any(part.startswith("_") and not part.startswith("__") for part in one.whole.split("."))
    }

    assert found == set()


def graph(inside: str) -> dict[str, set[str]]:
    """The rooms that stand directly in one → those of them that they import."""
    depth = inside.count("/") + 1 if inside else 0
    rooms = {room for room in ROOMS if is_in(room, [inside] if inside else [room])}
    nodes = {"/".join(room.split("/")[: depth + 1]) for room in rooms if room != inside}
    edges: dict[str, set[str]] = {node: set() for node in nodes}
    for found in all_imports():
        here, there = room_of(found.module), own_room(found.whole)
        ends = ["/".join((room or "").split("/")[: depth + 1]) for room in (here, there)]
        if ends[0] != ends[1] and set(ends) <= nodes:
            edges[ends[0]].add(ends[1])
    return edges


def floors(edges: dict[str, set[str]]) -> list[set[str]]:
    """The rooms from the ground up: each floor imports only from those below it."""
    built: list[set[str]] = []
    left = set(edges)
    while left:
        floor = {room for room in left if not edges[room] & left}
        assert floor, f"these import each other in a circle: {sorted(left)}"
        built.append(floor)
        left -= floor
    return built


@pytest.mark.parametrize("inside", ["", "parser", "publishers", "cli"])
def test_no_rooms_import_each_other_in_a_circle(inside: str) -> None:
    built = floors(graph(inside))

    assert len(built) <= 8
    if not inside:
        assert built[0] == {"core"}
        assert "cli" in built[-1]


def test_a_circle_of_rooms_is_found() -> None:
    with pytest.raises(AssertionError, match="in a circle"):
        floors({"core": set(), "aws": {"core", "local"}, "local": {"aws"}})


def test_the_command_is_imported_by_nothing_outside_of_it() -> None:
    outside = [
        found.module
        for found in all_imports()
        if is_in(own_room(found.whole) or "", ["cli"]) and not found.module.startswith("cli/")
        if found.module != COMMANDS_DOOR
    ]

    assert outside == []
