"""What a declaration says of a table: its types, levels and ranges, what is left out, the target, the task."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.init import columns, declaring
from pipeline.init.columns import Guess, Task
from pipeline.init.reading import read

ROWS = 240


def table(folder: Path, **changed: list[str]) -> Path:
    """A CSV file of a column of each kind; the texts of some may be others."""
    count = range(ROWS)
    texts = {
        "id": [str(1000 + number) for number in count],
        "size": [f"{20 + number % 37}.5" for number in count],
        "rooms": [str(1 + number % 5) for number in count],
        "frost": [str(number % 30 - 20) for number in count],
        "kind": ["flat" if number % 3 else "house" for number in count],
        "street": [f"street {number}" for number in count],
        "land": ["AT"] * ROWS,
        "gaps": ["?" if number % 4 == 0 else str(number) for number in count],
        "few": ["NA" if number == 7 else str(number % 50) for number in count],
        "price": [f"{number * 7 % 1000}.25" for number in count],
    } | changed
    lines = [",".join(texts), *(",".join(row) for row in zip(*texts.values(), strict=True))]
    file = folder / "table.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def guessed(file: Path, target: str = "", task: Task | None = None) -> Guess:
    sample = read(file)
    return columns.guess(sample, columns.told(sample), target, task)


def test_each_column_is_what_it_holds(tmp_path: Path) -> None:
    found = guessed(table(tmp_path))
    text = declaring.text("homes", "homes", "Homes", "table.csv", found)
    for line in (
        'Column(name="size", low=0, high=75),  # seen: 20.5 to 56.5',
        'Column(name="rooms", low=0, high=7, whole=True),  # seen: 1 to 5',
        'Column(name="frost", low=-35, high=25, whole=True),  # seen: -20 to 9',
        'Column(name="kind", levels=("flat", "house")),',
        '"id",  # it has another whole number in each row, as a key has',
        '"street",  # it holds texts, 240 different ones',
        "\"land\",  # it is always 'AT'",
        '"gaps",  # 25% of it is missing',
        'target="price",',
        'task="regression",',
        "refused_share=0.01,",
    ):
        assert line in text, text
    assert found.notes == ("1 rows lack something, and are left out",)
    assert found.why == "guessed, the last one; --target names another"


@pytest.mark.parametrize(
    ("target", "task", "wanted"),
    [
        ("rooms", None, "classification"),
        ("rooms", "regression", "regression"),
        ("few", None, "regression"),
        ("size", None, "regression"),
    ],
)
def test_the_task_is_what_the_target_is_like(tmp_path: Path, target: str, task: Task | None, wanted: str) -> None:
    found = guessed(table(tmp_path), target, task)
    assert (found.target.name, found.task, found.why) == (target, wanted, "as asked")


def test_the_classes_of_a_target_get_no_room(tmp_path: Path) -> None:
    text = declaring.text("homes", "homes", "Homes", "table.csv", guessed(table(tmp_path), "rooms"))
    assert 'Column(name="rooms", low=1, high=5, whole=True),' in text
    assert 'Family(name="linear-svc"' in text
    assert 'Gate(metric="accuracy")' in text


def test_a_target_is_known_by_its_name(tmp_path: Path) -> None:
    file = table(tmp_path)
    file.write_text(file.read_text().replace("size", "Label", 1))
    assert guessed(file).why == "guessed, by its name; --target names another"
    assert guessed(file).target.name == "Label"


@pytest.mark.parametrize(
    ("target", "task", "words"),
    [
        ("cost", None, r"has no column 'cost'; it has: id, size, "),
        ("land", None, r"'land' cannot be the target, as it is always 'AT'"),
        ("id", None, r"'id' cannot be the target, as it has another whole number in each row"),
        ("kind", None, r"the target 'kind' holds texts \(flat, house, …\); number its classes in the file"),
        ("size", "classification", r"'size' has fractions and names no classes; give --task regression"),
    ],
)
def test_what_cannot_be_a_target_is_refused(tmp_path: Path, target: str, task: Task | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        guessed(table(tmp_path), target, task)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty; wanted a CSV file with a header and rows"),
        (b"a,b\n", "has a header and no rows"),
        (b"price\n1\n2\n", "has one column: its first line is 'price'"),
        (b"1.5,2\n3,4\n", r"has no header: its first line has '1\.5'"),
        (b"a,b,a\n1,2,3\n", "has two columns named 'a'"),
        (b"a,b\n1,2\n3\n", "row 3: it has 1 fields, the header 2"),
        (b"PK\x03\x04\x00\x00", "is no text in UTF-8"),
        ("größe,preis\n1,2\n".encode("latin-1"), "is no text in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(body)
    with pytest.raises(UserError, match=words) as raised:
        read(file)
    assert "\n" not in str(raised.value)


def test_a_large_file_is_declared_to_be_taken(tmp_path: Path) -> None:
    found = guessed(table(tmp_path))
    assert "largest_mb" not in declaring.text("homes", "homes", "Homes", "table.csv", found, size=2**20)
    assert "largest_mb=200," in declaring.text("homes", "homes", "Homes", "table.csv", found, size=100 * 2**20)


@pytest.mark.parametrize("missing", ["nosuch.csv", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(UserError, match="cannot be read: "):
        read(tmp_path / missing)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_whatever_separates_its_fields(tmp_path: Path, delimiter: str) -> None:
    file = table(tmp_path)
    file.write_text(file.read_text().replace(",", delimiter))
    assert read(file).delimiter == delimiter
    assert guessed(file).target.name == "price"


def test_decimals_with_a_comma_are_numbers(tmp_path: Path) -> None:
    file = table(tmp_path)
    file.write_text(file.read_text().replace(",", ";").replace(".", ","))
    assert guessed(file).target.numbers == guessed(table(tmp_path)).target.numbers


def test_of_a_large_file_a_sample_is_read(tmp_path: Path) -> None:
    """A file of 5 GB, most of which is not on the disk: its end tells of a range that its beginning does not have."""
    file = tmp_path / "large.csv"
    with file.open("wb") as stream:
        stream.write(b"x,y\n" + b"1.5,2\n" * 750_000)
        stream.truncate(5 * 2**30)
        stream.seek(-200_000, 2)
        stream.write(b"\n" + b"99.5,7\n" * 20_000)
    sample = read(file)
    assert not sample.whole
    assert {row[0] for row in sample.rows} == {"1.5", "99.5"}
