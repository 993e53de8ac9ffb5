"""Columns stay aligned on a terminal, whatever alphabet a name is in."""

from rich.cells import cell_len

from pipeline.show.tables import table


def test_columns_are_padded_to_their_widest_cell() -> None:
    assert table(("A", "LONG"), [("one", "1"), ("three", "")]) == "A      LONG\none    1\nthree"


def test_characters_that_fill_two_cells_count_as_two() -> None:
    header, *rows = table(
        ("FILE", "STATE"), [("東京の空気.csv", "done"), ("a.csv", "done"), ("e\u0301.csv", "done")]
    ).split("\n")
    starts = {
        cell_len(line[: line.index(word)]) for line, word in [(header, "STATE"), *((row, "done") for row in rows)]
    }
    assert starts == {cell_len("東京の空気.csv") + 2}


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("A", "B"), []) == "A  B"
