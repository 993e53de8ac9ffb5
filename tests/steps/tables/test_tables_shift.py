"""A survey from another world is told by what the live model misses it by; the page of what arrived is safe to open."""

import pandas as pd
import pytest

from pipeline.projects.abalone import ABALONE
from pipeline.projects.wine import WINE
from pipeline.quickstart import tabular_samples
from steps.contract.declaration import parse_table
from steps.features.table import features
from steps.models.lightgbm import LightGBM
from steps.summaries.ingest import Ingest
from steps.tables import File, examine
from steps.tables.page import page
from steps.tables.shift import Champion, reason

DECLARATION = parse_table(ABALONE.declaration())


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    body = tabular_samples.look_alike("abalone", 1500, 3)
    return examine([File("u", "a.csv", body)], DECLARATION).verdicts[0].rows


@pytest.fixture(scope="module")
def champion(rows: pd.DataFrame) -> Champion:
    train, held = rows[:1000], rows[1000:]
    told = features(train, DECLARATION)
    model = LightGBM.fit(told, train["rings"].to_numpy(), {"base": "none", "leaf_rows": 20}, 0)
    missed = held["rings"] - model.predict(features(held, DECLARATION).to_numpy())
    return Champion(model, float(missed.mean()), float(missed.std()), 7)


def test_rings_that_are_counted_differently_are_another_world(rows: pd.DataFrame, champion: Champion) -> None:
    for added, side in ((6, "above"), (-6, "below")):
        shifted = rows[1000:1120].assign(rings=rows["rings"] + added)
        said = reason(shifted, champion, DECLARATION) or "accepted"
        assert "its 120 new rows are on average " in said
        assert f"rings {side} what the live model (decision 7) expects" in said
        assert "5 standard errors" in said


def test_other_animals_with_rings_as_ever_are_learned(rows: pd.DataFrame, champion: Champion) -> None:
    held = rows[1000:]
    assert reason(held, champion, DECLARATION) is None
    assert reason(held.nlargest(150, "length"), champion, DECLARATION) is None


def test_where_nothing_can_be_said_nothing_is_refused(rows: pd.DataFrame, champion: Champion) -> None:
    shifted = rows.assign(rings=rows["rings"] + 6)
    assert reason(shifted[:30], champion, DECLARATION) is not None
    assert reason(shifted[:29], champion, DECLARATION) is None
    assert reason(shifted, None, DECLARATION) is None
    assert reason(shifted, champion, parse_table(WINE.declaration())) is None


def test_the_page_tells_all_and_runs_nothing() -> None:
    evil = "<script>alert(1)</script>{{workflow.name}}"
    summary = {
        "kind": "ingest",
        "project": "abalone",
        "run": "abalone-ingest-x",
        "claimed": 4,
        "accepted": [
            {
                "key": evil,
                "place": evil,
                "rows_new": 1234,
                "rows_known": 5,
                "rows_refused": 2,
                "notes": ["2 rows: " + evil],
            }
        ],
        "known": [{"key": evil, "place": evil}],
        "quarantined": [{"key": evil, "place": evil, "reason": "line 7: " + evil}],
        "missing": [{"key": evil, "reason": evil}],
        "counts": {"rows_new": 1234},
        "sequence": 3,
        "rows": 5678,
        "training": "abalone-train-0123456789-1",
        "suites": [{"column": "height", "name": evil, "checked": 2000, "failed": 4}],
        "words": evil,
        "made_at": "2026-03-02T09:30:00Z",
    }
    html = page(Ingest.model_validate(summary))
    assert "<script" not in html
    told = (
        *("1,234 new", "5,678", "Quarantined", "2,000", "abalone-train-0123456789-1", "&lt;script&gt;"),
        "abalone · abalone-ingest-x · 2026-03-02 09:30 UTC",
    )
    for words in told:
        assert words in html
    nothing = summary | {name: [] for name in ("accepted", "known", "quarantined", "missing", "suites")}
    assert "Quarantined" not in page(
        Ingest.model_validate(nothing | {"training": None, "sequence": None, "rows": None})
    )
