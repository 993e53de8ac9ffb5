"""White wine among red is another world; red wine is none, however a file was chosen, sorted or rounded."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.projects.wine import WINE
from pipeline.quickstart.tabular_samples import look_alike
from steps.contract.declaration import parse_table
from steps.tables import File, examine
from steps.tables.rows import identified
from steps.tables.world import Known, reason
from tests.steps.support.white_wine import white_wine

DECLARATION = parse_table(WINE.declaration())
NUMBERS = [column.name for column in DECLARATION.table.columns]


def table(body: bytes) -> pd.DataFrame:
    return examine([File("", "", body)], DECLARATION).verdicts[0].rows.drop_duplicates("row", ignore_index=True)


def original() -> pd.DataFrame:
    folder = os.environ.get("TABLES_DATA")
    if not folder:
        pytest.skip("TABLES_DATA names no folder with the original tables; only look-alikes are tested here")
    return table(Path(folder, "winequality-red.csv").read_bytes())


@pytest.fixture(scope="module")
def red() -> pd.DataFrame:
    return table(look_alike("wine", 1600, 3))


def judged(new: pd.DataFrame, rest: pd.DataFrame) -> str:
    return reason(new, Known(rest), DECLARATION) or "accepted"


@pytest.mark.parametrize("count", [60, 100, 400, 3000])
def test_white_wine_is_another_world(red: pd.DataFrame, count: int) -> None:
    said = judged(table(white_wine(count, 1)), red)
    assert f"its {count:,} new rows look like another table's than the 1,600 of the history" in said
    assert re.search("total sulfur dioxide 1[0-9.]+ against [34][0-9.]+", said)
    assert "pipeline inbox release KEY --why" in said


@pytest.mark.parametrize("count", [100, 400])
def test_a_file_that_is_half_white_wine_is_refused(red: pd.DataFrame, count: int) -> None:
    mixed = pd.concat([table(white_wine(count // 2, 1)), red.head(count // 2)])
    said = judged(mixed, red.iloc[count // 2 :])
    assert "% of them can be told from it" in said


def test_red_wine_is_told_from_a_history_of_white(red: pd.DataFrame) -> None:
    assert "another table's" in judged(red.head(60), table(white_wine(1000, 2)))


@pytest.mark.parametrize(
    "real", [pytest.param(False, id="look-alike", marks=pytest.mark.soak), pytest.param(True, id="original")]
)
def test_red_wine_is_accepted_however_it_was_chosen(red: pd.DataFrame, real: bool) -> None:
    wines = original() if real else red
    for seed, count in enumerate((30, 60, 100, 200, 300, 400)):
        batch = wines.sample(count, random_state=seed)
        assert judged(batch, wines.drop(batch.index)) == "accepted"
        for start in range(100, len(wines) - count, 150):
            assert judged(wines[start : start + count], wines[:start]) == "accepted"
    for name in NUMBERS:
        in_order = wines.sort_values(name, kind="stable", ignore_index=True)
        for start in range(100, len(wines) - 100, 150):
            batch = in_order[start : start + 100]
            assert judged(batch, in_order[:start]) == "accepted", name
            assert judged(batch, in_order.drop(batch.index)) == "accepted", name
    for best in (wines[wines["quality"] >= 7], wines[wines["quality"] <= 4]):
        assert judged(best, wines.drop(best.index)) == "accepted"


@pytest.mark.parametrize("decimals", [3, 2, 1, 0])
def test_rounding_makes_no_other_world(red: pd.DataFrame, decimals: int) -> None:
    batch = red.head(300)
    rounded = identified(batch[NUMBERS].round(decimals), DECLARATION.table)
    assert judged(rounded, red.iloc[300:]) == "accepted"
    assert judged(rounded, red) == "accepted"


def test_where_nothing_can_be_said_nothing_is_refused(red: pd.DataFrame) -> None:
    white = table(white_wine(60, 1))
    assert judged(white[:30], red) != "accepted"
    assert judged(white[:29], red) == "accepted"
    assert judged(white, red[:100]) != "accepted"
    assert judged(white, red[:99]) == "accepted"
    assert reason(white, Known(pd.DataFrame({"row": pd.Series(dtype="str")})), DECLARATION) is None


def test_rows_that_come_in_parts_are_compared_as_if_they_had_come_at_once(red: pd.DataFrame) -> None:
    white, parts = table(white_wine(60, 1)), Known(red[:60])
    assert reason(white, parts, DECLARATION) is None
    for start in range(60, len(red), 100):
        parts.add(red[start : start + 100])
        assert reason(white, parts, DECLARATION) == reason(white, Known(red[: start + 100]), DECLARATION) is not None


def test_what_a_person_let_in_is_known_from_then_on(red: pd.DataFrame) -> None:
    white = table(white_wine(600, 1))
    assert judged(white[300:], red) != "accepted"
    assert judged(white[300:], pd.concat([red, white[:300]])) == "accepted"


def test_a_constant_column_does_no_harm(red: pd.DataFrame) -> None:
    same = red.assign(chlorides=0.08)
    with np.errstate(all="raise"):
        assert judged(same[:200], same[200:]) == "accepted"
        assert judged(table(white_wine(100, 1)), same) != "accepted"
