"""What the monitor makes of a trial and of a new champion, from the days in the warehouse."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from steps import monitor
from steps.backends import challengers, warehouse
from steps.backends.database import begin
from steps.backends.warehouse import Prediction, Role, schema
from tests.steps.support.released import begin_trial, decide, release, releasing, run, trial

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

START = datetime(2003, 1, 1, tzinfo=UTC)
PLACE = 9000001
GIVEN = ("by", "decision", "share", "verdict", "why")
CONCLUSION = {"metadata": {"name": "<name>"}, "spec": {key: f"<{key}>" for key in GIVEN}}
SHADOW = releasing("shadow", trial_days=30)


def lived(
    days: Sequence[int],
    others: dict[tuple[Role, int], float],
    *,
    champion: int = 1,
    measured: bool = True,
    hours: int = 24,
) -> None:
    """Days on which the champion and others predict; their errors are so many times the champion's, give or take."""
    random = np.random.default_rng(days[0])
    made, seen = [], []
    for day in days:
        for hour in range(1, hours + 1):
            time = START + timedelta(days=day, hours=hour)
            truth, off = 40 + random.normal(0, 10), random.normal(0, 9)
            errors = {("champion", champion): 1.0, **others}
            for (role, version), factor in errors.items():
                value = truth + off * factor + random.normal(0, 1)
                made.append(Prediction(PLACE, time, value, version, time - timedelta(hours=24), role=role))
            seen.append({"project": "openaq", "location": PLACE, "time": time, "parameter": "no2", "value": truth})
    more = {"unit": "µg/m³", "day": START.date(), "etag": "a"}
    with begin() as connection:
        warehouse.record(connection, "openaq", "no2", made)
        if measured:
            connection.execute(sa.insert(schema.measurements), [one | more for one in seen])


def watched(folder: Path, day: int, declared: str = SHADOW, *more: str) -> dict[str, Any]:
    """The summary as of the end of a day, with the workflow that ends something, if any."""
    (folder / "training").write_text("{}")
    (folder / "conclusion").write_text(json.dumps(CONCLUSION))
    as_of = (START + timedelta(days=day)).isoformat()
    words = [word for name in ("training", "conclusion") for word in (f"--{name}", folder / name)]
    outputs = ("train", "manifest", "summary", "page", "conclude", "ending")
    words += [word for name in outputs for word in (f"--{name}-out", folder / name)]
    times = "--as-of", as_of, "--created", as_of, "--locations", PLACE
    run(monitor, *times, *words, *more, declaration=declared)
    summary: dict[str, Any] = json.loads((folder / "summary").read_text())
    ending = json.loads((folder / "ending").read_text())
    assert (folder / "conclude").read_text() == ("true" if ending else "false")
    return summary | {"ending": ending}


@pytest.fixture
def on_trial() -> int:
    """A champion, and the decision of a challenger beside it."""
    release(decide("a", 1))
    return begin_trial("b", 2)


def test_a_better_challenger_takes_over_by_a_workflow_with_an_identity(on_trial: int, tmp_path: Path) -> None:
    lived(range(20), {("challenger", 2): 0.7})
    found = watched(tmp_path, 20)
    assert found["ending"]["metadata"]["name"] == f"openaq-take-over-{on_trial}-20030121"
    assert found["ending"]["spec"] | {"why": ""} == {
        "by": "monitor",
        "share": "0",
        "decision": f"{on_trial}",
        "verdict": "take-over",
        "why": "",
    }
    assert "% closer on the same hours of" in found["ending"]["spec"]["why"]
    assert watched(tmp_path, 20)["ending"] == found["ending"], "asked again, it is the same"
    (other,) = found["others"]
    assert (other["role"], other["version"], other["most"]) == ("challenger", 2, 30)
    assert other["better"]["evidence"][-1] >= other["better"]["level"] == 20
    assert "Version 2 is on trial (shadow) since 2003-01-01; it takes over: it was" in found["words"]
    page = (tmp_path / "page").read_text()
    assert "Version 2, on trial" in page and "Better than the champion" in page


def test_the_champion_is_watched_on_all_its_days_while_another_model_predicts_beside_it(
    on_trial: int, tmp_path: Path
) -> None:
    lived(range(20), {("challenger", 2): 1.0})
    days = watched(tmp_path, 20)["ways"][0]["days"]
    assert (days[0], len(days)) == ("2003-01-02", 19), "the first has no persistence yet"


def test_a_worse_challenger_is_withdrawn(on_trial: int, tmp_path: Path) -> None:
    lived(range(20), {("challenger", 2): 1.4})
    spec = watched(tmp_path, 20)["ending"]["spec"]
    assert (spec["verdict"], spec["decision"]) == ("withdraw", f"{on_trial}")
    assert "further off" in spec["why"]


@pytest.mark.parametrize(("factor", "verdict"), [(0.98, "take-over"), (1.02, "withdraw")])
def test_once_the_time_is_over_the_estimate_tells(factor: float, verdict: str, on_trial: int, tmp_path: Path) -> None:
    lived(range(40), {("challenger", 2): factor})
    assert watched(tmp_path, 29)["ending"] == {}
    spec = watched(tmp_path, 40)["ending"]["spec"]
    assert (spec["verdict"], spec["decision"]) == (verdict, f"{on_trial}")
    assert spec["why"].endswith("on the same hours of 30 days, and the time is over")


def test_while_no_outcome_is_known_nothing_is_told_however_long(on_trial: int, tmp_path: Path) -> None:
    lived(range(70), {("challenger", 2): 0.5}, measured=False)
    found = watched(tmp_path, 70)
    assert found["ending"] == {}
    assert found["words"].endswith("; no day could be compared yet.")
    lived(range(70, 90), {("challenger", 2): 0.7})
    assert watched(tmp_path, 90)["ending"]["spec"]["verdict"] == "take-over", "they come again, and it is told"


def test_how_it_stands_is_kept_for_those_who_ask(on_trial: int, tmp_path: Path) -> None:
    lived(range(8), {("challenger", 2): 0.97})
    found = watched(tmp_path, 8)
    kept = trial(on_trial)
    assert (kept.counted, kept.better) == (8, found["others"][0]["better"]["evidence"][-1])
    assert "on 8 of 30 days it was" in found["words"]


def test_two_champions_in_the_course_of_a_trial_are_both_what_it_is_compared_with(
    on_trial: int, tmp_path: Path
) -> None:
    lived(range(7), {("challenger", 2): 0.7})
    release(decide("c", 3, kind="refresh"))
    lived(range(7, 20), {("challenger", 2): 0.7, ("former", 1): 1.0}, champion=3)
    found = watched(tmp_path, 20)
    assert found["ending"]["spec"]["decision"] == f"{on_trial}"
    assert [one["role"] for one in found["others"]] == ["former", "challenger"]


def test_a_new_champion_that_is_worse_than_the_one_before_comes_back_and_nothing_else_is_done(
    tmp_path: Path,
) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    begin_trial("c", 3)
    lived(range(25), {("former", 1): 0.7, ("challenger", 3): 0.6}, champion=2)
    found = watched(tmp_path, 25)
    assert found["ending"]["metadata"]["name"] == "openaq-roll-back-2-20030126"
    assert found["ending"]["spec"]["why"].startswith("version 1 was ")
    assert "it comes back: version 1 was" in found["words"]


def test_a_new_champion_that_is_better_stays_and_is_not_compared_for_ever(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    lived(range(30), {("former", 1): 1.2}, champion=2)
    assert watched(tmp_path, 25)["ending"] == {}
    lived(range(30, 62), {}, champion=2)
    lived(range(30), {("former", 1): 0.3}, champion=2, measured=False)  # late: it was the better one after all
    assert watched(tmp_path, 59)["ending"]["spec"]["verdict"] == "roll-back"
    assert watched(tmp_path, 62)["ending"] == {}, "what is patched months later brings nothing back"


def test_where_releases_are_direct_a_new_champion_is_compared_only_if_that_is_declared(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    lived(range(25), {("former", 1): 0.7}, champion=2)
    assert watched(tmp_path, 25, releasing("direct"))["others"] == []
    guarded = watched(tmp_path, 25, releasing("direct", trial_days=30))
    assert guarded["ending"]["spec"]["verdict"] == "roll-back"


def test_a_canary_answers_more_in_steps_as_long_as_its_error_is_not_the_larger(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2, how="canary", days=30)
    canary = releasing("canary", trial_days=30, shares=(0.1, 0.25, 0.5))
    lived(range(22), {("challenger", 2): 0.99})
    assert watched(tmp_path, 9, canary)["ending"] == {}
    found = watched(tmp_path, 10, canary)["ending"]
    assert found["metadata"]["name"] == f"openaq-widen-{number}-20030111"
    assert (found["spec"]["verdict"], found["spec"]["share"]) == ("widen", "0.25")
    assert "25% of the requests next" in found["spec"]["why"]
    assert watched(tmp_path, 21, canary)["ending"]["spec"]["share"] == "0.5", "a day that was missed is made up for"
    lived(range(22), {("challenger", 2): 1.02}, measured=False)
    assert watched(tmp_path, 21, canary)["ending"] == {}
    lived(range(22), {("challenger", 2): 0.99}, measured=False)
    open_trial = trial(number)
    with begin() as connection:
        challengers.widen(connection, open_trial, 0.5)
    assert watched(tmp_path, 21, canary)["ending"] == {}


def test_a_replay_ends_nothing(on_trial: int, tmp_path: Path) -> None:
    lived(range(20), {("challenger", 2): 0.7})
    assert watched(tmp_path, 20, SHADOW, "--replay", "2003-01-01/2003-01-31")["ending"] == {}
    assert trial(on_trial).counted is None
