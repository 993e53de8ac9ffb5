"""Tables that are handed over, loaded into both kinds of database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import begin
from steps.backends.warehouse import deliveries
from steps.contract.notebooks import Delivery
from steps.errors import BadInput

pytestmark = pytest.mark.usefixtures("database")

DAYS = Delivery(table="days", key=("station", "day"))
FIRST = pd.DataFrame(
    {
        "station": [1, 2],
        "day": [date(2003, 1, 1), date(2003, 1, 1)],
        "mean": [20.5, float("nan")],
        "over": pd.array([True, None], dtype="boolean"),
        "name": ["Süd", None],
        "seen": pd.to_datetime(["2003-01-02T03:00:00+01:00"] * 2, utc=True),
    }
)


def packed(frame: pd.DataFrame) -> bytes:
    body = BytesIO()
    frame.to_parquet(body, index=False)
    return body.getvalue()


def load(frame: pd.DataFrame, delivery: Delivery = DAYS, address: str = "s3://a/1.ipynb") -> int:
    return deliveries.load(delivery, {address: deliveries.read(packed(frame), delivery)})


def rows(columns: str = "*") -> list[dict[str, Any]]:
    with begin() as connection:
        query = sa.text(f"SELECT {columns} FROM days ORDER BY station, day")
        return [dict(row) for row in connection.execute(query).mappings()]


def test_a_table_is_made_of_what_comes_and_says_of_which_copy_it_is() -> None:
    assert load(FIRST) == 2
    first, second = rows("station, mean, name, notebook")
    assert first == {"station": 1, "mean": 20.5, "name": "Süd", "notebook": "s3://a/1.ipynb"}
    assert second == {"station": 2, "mean": None, "name": None, "notebook": "s3://a/1.ipynb"}
    with begin() as connection:
        seen = sa.column("seen", Utc)
        found = connection.execute(sa.select(seen).select_from(sa.table("days"))).scalars().first()
    assert found == datetime(2003, 1, 2, 2, tzinfo=UTC)


def test_loading_again_replaces_rows_by_their_key_also_by_two_at_once() -> None:
    load(FIRST)
    again = FIRST.assign(mean=[1.0, 2.0])
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda n: load(again, address=f"s3://a/{n}.ipynb"), range(2, 6))) == {2}
    assert [row["mean"] for row in rows("mean")] == [1.0, 2.0]
    assert len({row["notebook"] for row in rows("notebook")}) == 1


def test_two_make_the_table_at_once() -> None:
    frames = [FIRST.assign(station=[10 * n, 10 * n + 1]) for n in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load, frames))
    assert len(rows()) == 8


def test_a_column_is_added_and_one_that_no_longer_comes_stays() -> None:
    load(FIRST)
    load(FIRST.drop(columns="name").assign(highest=[31, 32]).iloc[:1])
    first, second = rows("station, name, highest")
    assert first == {"station": 1, "name": None, "highest": 31}
    assert second == {"station": 2, "name": None, "highest": None}


def test_whole_numbers_may_come_into_a_column_of_numbers() -> None:
    load(FIRST)
    load(FIRST.assign(mean=[7, 8]))
    assert [row["mean"] for row in rows("mean")] == [7.0, 8.0]


def test_a_column_that_is_empty_says_nothing_of_its_type() -> None:
    load(FIRST)
    load(FIRST.assign(name=None, over=None))
    assert [row["name"] for row in rows("name")] == [None, None]


def test_a_column_gets_another_type_only_where_it_is_named() -> None:
    load(FIRST)
    texts = FIRST.assign(mean=["low", "high"])
    with pytest.raises(
        BadInput, match=r"^days: the column mean has numbers, and texts are delivered; .* retype='mean'$"
    ):
        load(texts)
    assert rows("mean")[0] == {"mean": 20.5}
    load(texts.iloc[1:], Delivery(table="days", key=("station", "day"), retype=("mean",)))
    assert [row["mean"] for row in rows("mean")] == ["20.5", "high"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (FIRST.drop(columns="day"), "days: its key is station, day, and it has no day"),
        (FIRST.assign(station=[1, 1]), "days: rows 1 and 2 have the same key (1, datetime.date(2003, 1, 1))"),
        (FIRST.assign(day=pd.Series([date(2003, 1, 1), None])), "days: row 2 has no day, part of its key"),
        (
            FIRST.assign(seen=pd.Timestamp("2003-01-01")),
            "days: the times in seen have no time zone; wanted one, such as UTC",
        ),
        (
            FIRST.assign(name=pd.Series([[1], [2]])),
            "days: the column name is list<element: int64>; wanted whole numbers, numbers, ",
        ),
        (FIRST.assign(notebook="x"), "days: the column notebook is for the copy's address; name yours otherwise"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        load(frame)
    assert str(refused.value).startswith(said)


def test_what_is_not_parquet_a_table_of_ours_and_another_key_are_refused() -> None:
    with pytest.raises(BadInput, match=r"^days.parquet is not Parquet"):
        deliveries.read(b"station,day\n1,2\n", DAYS)
    with pytest.raises(BadInput, match=r"^predictions is a table of the product"):
        load(FIRST, Delivery(table="predictions", key=("station",)))
    load(FIRST)
    with pytest.raises(BadInput, match=r"^days has the key station, day, and station is declared"):
        load(FIRST, Delivery(table="days", key=("station",)))
