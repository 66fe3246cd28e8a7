"""The picture of the dashboard shows what the template puts there."""

from __future__ import annotations

import re

from docs.generate import dashboard
from tests.support.docs_pages import REPOSITORY

TEMPLATE = (REPOSITORY / "templates/alarms.yaml").read_text()


def test_every_widget_and_every_alarm_of_the_template_is_drawn() -> None:
    page = dashboard.page()
    titles = re.findall(r'"properties": \{"title": "([^"]+)"', TEMPLATE)
    assert len(titles) > 15
    assert page.count("<section") == len(titles)
    assert all(f"<h2>{title}</h2>" in page for title in titles)
    # Silence is watched only where somebody asks for it.
    alarms = set(re.findall(r'"\$\{(\w+)Alarm\.Arn\}"', TEMPLATE)) - {"Silence"}
    assert all(f"{alarm}</span>" in page for alarm in alarms)


def test_the_page_asks_no_other_machine_for_anything() -> None:
    assert "http" not in dashboard.page()
