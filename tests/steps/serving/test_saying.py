"""What an answer says of when it is for: the end of an hour, or of a day, which has a date."""

from datetime import UTC, datetime

import pytest

from steps.models.about import About
from steps.serving.saying import Saying

ASKED = {"time": "2024-02-29T00:00:00Z"}  # the end of 28 February


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (About("pcs", 24, frequency="daily"), {"target_at": "2024-03-01T00:00:00Z", "day": "2024-02-29"}),
        (About("µg/m³", 24), {"target_at": "2024-03-01T00:00:00Z"}),
        (About("mm"), {}),
    ],
)
def test_a_day_is_said_by_its_date(about: About, said: dict[str, str]) -> None:
    assert Saying(about, None, ["location"]).target(ASKED) == said


def test_what_was_stored_before_there_were_days_is_of_hours() -> None:
    stored = b'{"unit": "\xc2\xb5g/m\xc2\xb3", "hours_ahead": 24, "example_time": ""}'
    saying = Saying(About.from_bytes(stored), None, ["location"])
    assert saying.day(datetime(2024, 3, 1, tzinfo=UTC)) == {}
    daily = About("pcs", 24, "2024-02-29T00:00:00Z", "daily")
    assert About.from_bytes(daily.to_bytes()) == daily
