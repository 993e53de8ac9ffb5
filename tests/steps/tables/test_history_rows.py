"""The rows of a history at each of its numbers, some of which take rows back."""

import pandas as pd
import pytest

from steps.backends import history, objects
from steps.backends.database import begin
from steps.tables import history_rows

pytestmark = pytest.mark.usefixtures("store_environment", "database_environment")


def enter(rows: list[str], *, back: bool = False) -> None:
    """Add rows to the history, or take them back."""
    with begin() as connection:
        after = history.head(connection, "wine")
        number = f"{(after.sequence if after else 0) + 1:032d}"
        key, many = history_rows.place("wine", number), -len(rows) if back else len(rows)
        columns = {"row": rows} if back else {"row": rows, "x": [float(len(row)) for row in rows]}
        history_rows.put(objects.lake(), key, pd.DataFrame(columns))
        history.append(connection, "wine", after=after, digest=number, rows=many, key=key, run="r")


def test_at_each_number_the_rows_are_those_that_were_there_then() -> None:
    """Also behind the fiftieth, from which on all rows so far are read at once."""
    present: list[str] = []
    states = [list(present)]
    for number in range(1, 62):
        if number in {20, 50, 55}:  # the first of the rows that are there, and the last
            gone = [present[0], present[-1]]
            enter(gone, back=True)
            present = present[1:-1]
        elif number == 58:
            enter(["r1", "r58"])  # what was taken back is brought again
            present = [*present, "r1", "r58"]
        else:
            enter([f"r{number}"])
            present = [*present, f"r{number}"]
        states.append(list(present))
    for _ in range(2):  # the second time from what the first has put there
        for number in (19, 20, 50, 55, 61):
            rows, entry = history_rows.load(objects.lake(), "wine", number)
            assert list(rows["row"]) == states[number], number
            assert entry is not None and entry.total == len(rows)
            assert list(rows.columns) == ["row", "x"]


def test_what_came_between_two_numbers_and_was_there_at_the_later_one() -> None:
    for rows, back in ((["a", "b"], False), (["c", "d"], False), (["b", "c"], True), (["b"], False)):
        enter(rows, back=back)
    ever = history_rows.ever(objects.lake(), "wine")
    spans = {(0, 1): "ab", (0, 2): "abcd", (1, 2): "cd", (0, 3): "ad", (1, 3): "d", (2, 3): "", (0, 4): "adb"}
    assert {span: "".join(ever.between(*span)["row"]) for span in spans} == spans
    assert list(ever.rows["row"][ever.present]) == ["a", "d", "b"]
