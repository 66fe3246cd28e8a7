"""The page in a real browser: on a phone and a desk, in light and dark, and on paper."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.monitor.report import render_report
from tests.monitor.report.test_page import HOSTILE, NOW, documents
from tests.support import executions as made
from tests.support.browser import CHROMIUM, Page, browser

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")

PHONE, DESK = 390, 1280


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


def written(folder: Path, files: dict[str, Any], **more: Any) -> Path:
    path = folder / "report.html"
    text = render_report(documents(files, **more), NOW)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def whole(folder: Path) -> Path:
    quality = documents(made.churn_quality())
    return written(folder, made.churn(50), quality=quality, history=made.history())


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a picture."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_fits_asks_for_nothing_and_has_no_errors(
    page: Page, tmp_path: Path, width: int, dark: bool
) -> None:
    path = whole(tmp_path)

    seen = page.open(path, width=width, dark=dark)

    assert seen.requests == [path.resolve().as_uri()]
    assert seen.errors == []
    assert page.ask("document.documentElement.scrollWidth") == width
    assert page.ask("document.scripts.length") == 0
    height = page.ask("document.documentElement.scrollHeight")
    assert size_of(page.screenshot()) == (width, height)


# What is behind a text: the nearest background that is not transparent.
CONTRASTS = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = one => {
    while (one) {
      const found = rgb(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
      one = one.parentElement;
    }
    return [255, 255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let worst = [99, ''];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.textContent.trim()) continue;
    const [a, b] = [light(rgb(getComputedStyle(node.parentElement).color)),
                    light(behind(node.parentElement))];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < worst[0]) worst = [contrast, node.textContent.trim()];
  }
  return worst;
})()
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read_against_what_is_behind_it(
    page: Page, tmp_path: Path, dark: bool
) -> None:
    page.open(whole(tmp_path), width=DESK, dark=dark)

    contrast, text = page.ask(CONTRASTS)

    assert contrast >= 4.5, text  # WCAG 2.2, level AA


def test_light_and_dark_are_two_pages_of_one(page: Page, tmp_path: Path) -> None:
    path = whole(tmp_path)
    grounds = []
    for dark in (False, True):
        page.open(path, width=DESK, dark=dark)
        grounds.append(page.ask("getComputedStyle(document.body).backgroundColor"))

    light, dark_ground = (sum(map(int, one[4:-1].split(","))) for one in grounds)
    assert light > 3 * 230
    assert dark_ground < 3 * 40


def test_on_a_phone_a_feature_is_a_card_with_its_labels(page: Page, tmp_path: Path) -> None:
    path = whole(tmp_path)
    label = "getComputedStyle(document.querySelector('[data-label]'), '::before').content"

    page.open(path, width=PHONE)
    on_phone = page.ask(label)
    small = page.ask(
        "Math.min(...[...document.body.querySelectorAll('*')].filter(e => e.textContent.trim())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    page.open(path, width=DESK)

    assert on_phone == '"Type"'
    assert page.ask(label) == "none"
    assert small >= 12


def test_the_page_can_be_printed(page: Page, tmp_path: Path) -> None:
    page.open(whole(tmp_path), width=DESK, dark=True)

    pdf = page.print_pdf()

    assert pdf.startswith(b"%PDF")
    assert 2 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 12


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_does_nothing(page: Page, tmp_path: Path, name: str) -> None:
    features = [made.numeric(name, [1, 2, 3]), made.textual("text", {name: 3})]
    files = {
        "execution.json": made.execution(endpoint=name, notes=[name]),
        "statistics.json": made.statistics_of(features, 3),
        "baseline/statistics.json": made.statistics_of(features, 3),
        "constraint_violations.json": {
            "violations": [made.violation(name, "baseline_drift_check", name)]
        },
    }

    seen = page.open(written(tmp_path, files), width=PHONE)

    assert len(seen.requests) == 1
    assert seen.errors == []
    tags = Counter(page.ask("[...document.querySelectorAll('script, img')].map(e => e.tagName)"))
    assert tags == Counter()
    handlers = (
        "[...document.querySelectorAll('*')]"
        ".some(e => [...e.attributes].some(a => a.name.startsWith('on')))"
    )
    assert page.ask(handlers) is False
    shown = page.ask("document.querySelector('.features .name').textContent")
    expected = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "replace").decode()
        for sign in name
    )
    assert shown == expected
    assert page.ask("document.documentElement.scrollWidth") == PHONE


def test_five_thousand_features_open(page: Page, tmp_path: Path) -> None:
    features = [made.numeric(f"column {number}", [number, number + 1.5]) for number in range(5000)]
    files = {"statistics.json": made.statistics_of(features, 2)}

    seen = page.open(written(tmp_path, files), width=DESK)

    assert seen.errors == []
    assert page.ask("document.querySelectorAll('.features tbody tr').length") == 200
