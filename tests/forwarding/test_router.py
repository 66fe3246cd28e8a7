"""Which routes an object takes, what is output, and how routes are read again."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import LedgerError, SettingsError
from capture_forwarder.core.ports import Ports
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.route import Route
from capture_forwarder.forwarding.router import RouteBook, is_under, matching
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.route import Match
from capture_forwarder.settings.routes_check import covers, unreachable, verdicts
from tests.support.fakes import ManualClock, MemoryPublisher, MemoryQuarantine, MemoryStore

LAYOUT = "{endpoint}/{variant}/2026/03/01/10/20-30-123-a.jsonl"


def route(
    name: str,
    match: dict[str, str] | None = None,
    *,
    goes_on: bool = False,
    publisher: dict[str, str] | None = None,
) -> RouteSettings:
    written = {"name": name, "match": match or {}, "continue": goes_on}
    return RouteSettings.model_validate(written | {"publisher": publisher or {"type": "duckdb"}})


def captured(endpoint: str, variant: str = "AllTraffic", bucket: str = "captures") -> CaptureFile:
    return CaptureFile(bucket, f"dir/{LAYOUT.format(endpoint=endpoint, variant=variant)}")


def names(routes: list[RouteSettings], source: CaptureFile) -> list[str]:
    return [taken.name for taken in matching(routes, source)]


# --- which routes --------------------------------------------------------------------------


def test_an_object_takes_the_first_route_that_fits() -> None:
    routes = [route("churn", {"endpoint": "churn-*"}), route("rest"), route("never")]

    assert names(routes, captured("churn-eu")) == ["churn"]
    assert names(routes, captured("credit")) == ["rest"]


def test_a_route_that_continues_lets_the_next_ones_be_tried_too() -> None:
    routes = [
        route("archive", goes_on=True),
        route("churn", {"endpoint": "churn"}, goes_on=True),
        route("credit", {"endpoint": "credit"}),
        route("rest"),
        route("never"),
    ]

    assert names(routes, captured("churn")) == ["archive", "churn", "rest"]
    assert names(routes, captured("credit")) == ["archive", "credit"]
    assert names(routes, captured("other")) == ["archive", "rest"]


def test_an_object_that_fits_nothing_takes_no_route() -> None:
    assert names([route("churn", {"endpoint": "churn"})], captured("credit")) == []
    assert names([], captured("credit")) == []


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"bucket": "captures", "prefix": "dir/", "endpoint": "Churn", "variant": "All*"}, True),
        ({"bucket": "captures", "endpoint": "credit"}, False),
        ({"bucket": "capture"}, False),
        ({"bucket": "capture?"}, True),
        ({"prefix": "dir/Ch"}, True),
        ({"prefix": "d*"}, False),
        ({"prefix": "Churn"}, False),
        ({"key": "dir/*.jsonl"}, True),
        ({"key": "dir/*"}, True),
        ({"key": "dir"}, False),
        ({"key": "*/2026/03/*"}, True),
        ({"endpoint": "churn"}, False),
        ({"endpoint": "[CK]hurn"}, True),
        ({"endpoint": "[!C]hurn"}, False),
        ({"variant": "B"}, False),
    ],
)
def test_everything_that_a_route_asks_for_must_fit(match: dict[str, str], fits: bool) -> None:
    assert bool(names([route("churn", match)], captured("Churn"))) is fits


def test_a_key_of_another_layout_names_no_endpoint_at_all() -> None:
    loose = CaptureFile("captures", "uploads/file.jsonl")

    assert names([route("any", {"endpoint": "*"}), route("rest")], loose) == ["rest"]


def test_what_keeps_an_object_from_a_route_is_told_in_full() -> None:
    match = Match(prefix="other/", endpoint="churn-*", variant="A")

    assert match.misses(captured("credit")) == [
        "the key does not begin with 'other/'",
        "the endpoint is 'credit', not 'churn-*'",
        "the variant is 'AllTraffic', not 'A'",
    ]
    assert Match(endpoint="x").misses(CaptureFile("b", "k")) == [
        "the key names no endpoint, as 'x' asks for"
    ]


PATTERNS = st.sampled_from(["a", "ab", "a*", "*", "**", "?", "[ab]", "[!a]", "*b"])
PREFIXES = st.sampled_from(["a", "ab", "a/", "b/a/", "a/b/2026"])
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "bucket": PATTERNS,
        "prefix": PREFIXES,
        "key": PATTERNS | st.sampled_from(["*/a/*", "a/b/c", "a/b/2026/03/01/10/x.jsonl"]),
        "endpoint": PATTERNS,
        "variant": PATTERNS,
    },
)
NAMES = st.sampled_from(["a", "b", "ab", "ba", "c"])
SOURCES = st.builds(
    CaptureFile,
    NAMES,
    st.builds("/".join, st.lists(NAMES, min_size=1, max_size=3))
    | st.builds("{}/{}/2026/03/01/10/x.jsonl".format, NAMES, NAMES)
    | st.builds("{}/{}/{}/2026/03/01/10/x.jsonl".format, NAMES, NAMES, NAMES),
)


def fits(match: dict[str, str], source: CaptureFile) -> bool:
    """Say the same as the documents do, step by step."""
    parts = source.key.split("/")
    in_layout = len(parts) > 6
    facts = {
        "bucket": source.bucket,
        "key": source.key,
        "endpoint": parts[-7] if in_layout else None,
        "variant": parts[-6] if in_layout else None,
    }
    for name, pattern in match.items():
        if name == "prefix":
            if source.key[: len(pattern)] != pattern:
                return False
        elif facts[name] is None or not fnmatchcase(str(facts[name]), pattern):
            return False
    return True


@given(written=st.lists(st.tuples(MATCHES, st.booleans()), max_size=5), source=SOURCES)
def test_takes_says_what_the_documents_say(
    written: list[tuple[dict[str, str], bool]], source: CaptureFile
) -> None:
    routes = [
        route(str(number), match, goes_on=goes_on)
        for number, (match, goes_on) in enumerate(written)
    ]
    expected = []
    for number, (match, goes_on) in enumerate(written):
        if fits(match, source):
            expected.append(str(number))
            if not goes_on:
                break

    found = list(verdicts(routes, source))

    assert names(routes, source) == expected
    assert [one.route for one in found if one.taken] == expected
    assert [one.route for one in found] == [one.name for one in routes]


@given(wide=MATCHES, narrow=MATCHES, source=SOURCES)
def test_a_match_that_covers_another_fits_all_of_its_objects(
    wide: dict[str, str], narrow: dict[str, str], source: CaptureFile
) -> None:
    if covers(Match(**wide), Match(**narrow)) and fits(narrow, source):
        assert fits(wide, source)


@pytest.mark.parametrize(
    ("first", "later", "lost"),
    [
        ({}, {"endpoint": "churn"}, True),
        ({"key": "*"}, {}, True),
        ({"endpoint": "*"}, {}, False),
        ({"endpoint": "*"}, {"variant": "A"}, True),
        ({"endpoint": "churn-*"}, {"endpoint": "churn-eu", "bucket": "b"}, True),
        ({"endpoint": "churn-*"}, {"endpoint": "churn-*"}, True),
        ({"endpoint": "churn-eu"}, {"endpoint": "churn-*"}, False),
        ({"prefix": "a/"}, {"prefix": "a/b/"}, True),
        ({"prefix": "a/"}, {"key": "a/b.jsonl"}, True),
        ({"prefix": "a/b/"}, {"prefix": "a/"}, False),
        ({"bucket": "x", "endpoint": "a"}, {"endpoint": "a"}, False),
    ],
)
def test_a_route_behind_one_that_takes_all_its_objects_is_never_reached(
    first: dict[str, str], later: dict[str, str], lost: bool
) -> None:
    routes = [route("first", first), route("later", later)]
    open_routes = [route("first", first, goes_on=True), route("later", later)]

    assert unreachable(routes) == ({"later": "first"} if lost else {})
    assert unreachable(open_routes) == {}


# --- reading again -------------------------------------------------------------------------


class Setting:
    """A book whose routes a test changes, with the routes that it asked for."""

    def __init__(self, *routes: RouteSettings, refresh_seconds: float | None = 300) -> None:
        self.now: tuple[RouteSettings, ...] | Exception = routes
        self.clock = ManualClock()
        self.reports = CollectingReporter()
        self.readings = 0
        self.built: list[str] = []
        self.book = RouteBook(
            self.read,
            self.build,
            MemoryQuarantine().holds,
            self.clock,
            refresh_seconds=refresh_seconds,
            reporter=self.reports,
        )

    def read(self) -> tuple[RouteSettings, ...]:
        self.readings += 1
        if isinstance(self.now, Exception):
            raise self.now
        return self.now

    def build(self, settings: RouteSettings) -> Route:
        if settings.name == "broken":
            raise SettingsError(["broken: what it needs is not installed"])
        self.built.append(settings.name)
        ports = Ports(MemoryStore(), MemoryPublisher(), None, self.clock)
        return Route(
            settings.mapping.columns, RouteOptions(settings.name, 10**6), ports, self.reports
        )

    def routes(self, endpoint: str = "churn") -> list[Route]:
        return self.book.routes(captured(endpoint))


def test_a_route_is_put_to_work_at_once_and_stays_at_work() -> None:
    setting = Setting(route("churn", {"endpoint": "churn"}), route("rest"))

    assert setting.built == ["churn", "rest"]
    assert setting.routes() == setting.routes()
    assert [route.name for route in setting.routes("credit")] == ["rest"]
    assert setting.built == ["churn", "rest"]


def test_a_route_that_cannot_be_put_to_work_is_told_before_any_object_comes() -> None:
    with pytest.raises(SettingsError, match="broken"):
        Setting(route("fine"), route("broken"))


def test_a_route_that_cannot_be_put_to_work_later_leaves_the_old_ones_at_work() -> None:
    setting = Setting(route("old"))
    (before,) = setting.routes()
    setting.now = (route("new", goes_on=True), route("broken"))

    setting.clock.time = 300.0

    assert setting.routes() == [before]
    assert "broken" in setting.reports.warnings[0]


def test_routes_are_read_again_by_their_age_and_no_sooner() -> None:
    setting = Setting(route("old"))
    setting.now = (route("new"),)

    setting.clock.time = 299.0
    assert [route.name for route in setting.routes()] == ["old"]
    setting.clock.time = 300.0
    assert [route.name for route in setting.routes()] == ["new"]
    setting.clock.time = 599.0
    setting.routes()

    assert setting.readings == 2


def test_what_a_route_wrote_is_no_input_either_when_the_route_is_gone() -> None:
    files = {"type": "files", "place": "s3://captures/rows"}
    setting = Setting(route("archive", publisher=files))
    setting.now = (route("other"),)
    setting.clock.time = 300.0
    setting.routes()

    for _ in range(2):
        assert setting.book.is_output(CaptureFile("captures", "rows/part.jsonl.gz"))
    assert not setting.book.is_output(CaptureFile("captures", "rows-of-others/file"))


def test_the_route_of_the_environment_is_never_read_again() -> None:
    setting = Setting(route("only"), refresh_seconds=None)
    setting.clock.time = 10**9
    setting.routes()

    assert setting.readings == 1


def test_a_route_that_stayed_the_same_keeps_its_lane_and_a_changed_one_gets_a_new_one() -> None:
    same, changed = route("same", goes_on=True), route("changed")
    setting = Setting(same, changed)
    before = setting.routes()
    setting.now = (
        route("same", goes_on=True),
        route("changed", publisher={"type": "duckdb", "path": "other.duckdb"}),
    )

    setting.clock.time = 300.0
    after = setting.routes()

    assert after[0] is before[0]
    assert after[1] is not before[1]
    assert setting.built == ["same", "changed", "changed"]


def test_a_route_that_was_gone_begins_anew_when_it_returns() -> None:
    setting = Setting(route("churn"))
    (before,) = setting.routes()
    for time, routes in ((300.0, ()), (600.0, (route("churn"),))):
        setting.now = routes
        setting.clock.time = time
        found = setting.routes()

    assert found[0] is not before


@pytest.mark.parametrize(
    "error", [SettingsError(["routes.yaml: cannot be read"]), LedgerError("no")]
)
def test_a_reading_that_fails_leaves_the_old_routes_at_work_with_a_warning(
    error: Exception,
) -> None:
    setting = Setting(route("churn"))
    before = setting.routes()
    setting.now = error

    setting.clock.time = 300.0
    assert setting.routes() == before
    assert setting.routes() == before
    setting.now = (route("new"),)
    setting.clock.time = 600.0

    assert [route.name for route in setting.routes()] == ["new"]
    (warning,) = setting.reports.warnings
    assert warning.startswith("the routes cannot be read again, the old ones stay")
    assert str(error) in warning


def test_the_first_reading_must_not_fail() -> None:
    setting = Setting()
    setting.now = SettingsError(["routes.yaml: cannot be read"])

    with pytest.raises(SettingsError, match="cannot be read"):
        RouteBook(
            setting.read,
            setting.build,
            lambda _: False,
            setting.clock,
            refresh_seconds=300,
            reporter=setting.reports,
        )


# --- output --------------------------------------------------------------------------------


def test_quarantine_and_what_file_publishers_wrote_are_output_and_nothing_else() -> None:
    files = {"type": "files", "place": "s3://archive/rows/"}
    setting = Setting(route("archive", publisher=files, goes_on=True), route("rest"))

    assert setting.book.is_output(CaptureFile("archive", "rows/archive/x.jsonl.gz"))
    assert setting.book.is_output(CaptureFile("captures", "quarantine/x.jsonl"))
    assert not setting.book.is_output(CaptureFile("archive", "rows2/x.jsonl"))
    assert not setting.book.is_output(CaptureFile("captures", "rows/x.jsonl"))
    assert not setting.book.is_output(captured("churn"))


@pytest.mark.parametrize("place", ["s3://b/p", "s3://b/p/"])
def test_a_place_holds_what_lies_below_it(place: str) -> None:
    assert is_under(place, CaptureFile("b", "p/x"))
    assert not is_under(place, CaptureFile("b", "p"))
    assert not is_under(place, CaptureFile("b", "px"))
    assert not is_under("folder", CaptureFile("b", "folder/x"))
