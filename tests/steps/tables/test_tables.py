"""What becomes of a dropped file: valid rows in one spelling, or a reason in words. Real tables where `TABLES_DATA`
names a folder that has them."""

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.projects.abalone import ABALONE
from pipeline.projects.wine import WINE
from pipeline.quickstart import tabular_samples
from steps.contract.declaration import parse_table
from steps.tables import File, Verdict, examine

DECLARED = {project.name: parse_table(project.declaration()) for project in (WINE, ABALONE)}
NAMES = [column.name for column in WINE.table.columns]
HEADER = ";".join(NAMES)
ROW = "7.4;0.7;0;1.9;0.076;11;34;0.9978;3.51;0.56;9.4;5"
WHOLE = f"{HEADER}\n{ROW}\n"
SHELL = "M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15,15"
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def judged(body: bytes | str, project: str = "wine") -> Verdict:
    content = body.encode() if isinstance(body, str) else body
    (verdict,) = examine([File("u", "survey.csv", content)], DECLARED[project]).verdicts
    return verdict


def with_cell(name: str, text: str) -> str:
    cells = ROW.split(";")
    cells[NAMES.index(name)] = text
    return f"{HEADER}\n{ROW}\n{';'.join(cells)}\n"


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wine.csv", b"0" * 10**7)
    return packed.getvalue()


REFUSED: list[tuple[str, bytes | str, str, str]] = [
    ("empty", b"", "wine", "the file is empty"),
    ("blank", " \r\n\n\t\n", "wine", "blank lines alone"),
    ("header alone", HEADER + "\n", "wine", "a header and no row"),
    ("cut off", WHOLE + "7.4;0.7;0;1", "wine", "line 3 has 4 fields, wanted 12: the last line is cut off"),
    ("torn line", f"{HEADER}\n7.4;0.7\n{ROW}\n", "wine", "line 2 has 2 fields, wanted 12"),
    (
        "two delimiters",
        f"{HEADER}\n{ROW.replace(';', ',')}\n",
        "wine",
        "separated by commas, the first line by semicol",
    ),
    (
        "missing",
        "\n".join(line.rpartition(";")[0] for line in WHOLE.splitlines()),
        "wine",
        "lacks the column 'quality'",
    ),
    ("extra", f"{HEADER};colour\n{ROW};1\n", "wine", "1 column not wanted: 'colour'"),
    ("named row", f";{HEADER}\n0;{ROW}\nb;{ROW}\n", "wine", "line 3: the column without a name has 'b', wanted a row"),
    ("doubled", f"{HEADER};ALCOHOL\n{ROW};9\n", "wine", "'alcohol' more than once"),
    ("text", with_cell("alcohol", "ten"), "wine", "line 3, alcohol: 'ten' is not a number"),
    ("no cell", with_cell("alcohol", ""), "wine", "the first is line 3: alcohol is missing"),
    ("wine as abalone", WHOLE, "abalone", "looks like another table's"),
    ("abalone as wine", SHELL, "wine", "looks like another table's"),
    ("rubbish", bytes(range(256)), "wine", "NUL"),
    ("latin-1", WHOLE.replace("5\n", "é\n").encode("latin-1"), "wine", "line 2, quality: 'é' is not a number"),
    ("no encoding", WHOLE.encode() + b"\x81", "wine", "neither UTF-8 nor Windows-1252 text: byte"),
    ("gzip of no table", gzip.compress(b"0" * 10**7), "wine", "line 1 is 10,000,000 bytes long"),
    ("gzip bomb", gzip.compress(b"0" * 65 * 2**20), "wine", "unpacked it has more than 64 MB"),
    ("gzip cut off", gzip.compress(WHOLE.encode())[:-20], "wine", "a gzip file that is cut off"),
    ("gzip broken", b"\x1f\x8b" + b"x" * 50, "wine", "a gzip file that cannot be unpacked"),
    ("gzip and more", gzip.compress(WHOLE.encode()) + b"more", "wine", "something else after its end"),
    ("gzip twice", gzip.compress(gzip.compress(WHOLE.encode())), "wine", "a gzip file inside another"),
    ("HTML", "<html><body>404</body></html>", "wine", "it is HTML or XML"),
    ("JSON", '[{"alcohol": 9}]', "wine", "it is JSON"),
    ("UTF-16 cut off", WHOLE.encode("utf-16")[:-1], "wine", "begins as UTF-16 text and goes on as none"),
    ("comments alone", "# a\n#b\n", "wine", "it holds comments alone"),
    ("a row as a comment", f"{WHOLE}#{ROW}\n", "wine", "line 3, fixed acidity: '#7.4' is not a number"),
    ("another unit", WHOLE.replace("density", "density (kg/m3)"), "wine", "'density' in 'kg/m3', wanted in g/ml"),
    ("no unit", WHOLE.replace("pH", "pH (g/l)"), "wine", "'pH' in 'g/l', wanted without a unit"),
    ("a copy", f"{HEADER};quality.1\n{ROW};5\n", "wine", "1 column not wanted: 'quality.1'"),
    ("percent", with_cell("alcohol", "9.4%"), "wine", "has a percent sign; write the number alone"),
    ("date", with_cell("pH", "2024-03-01"), "wine", "'2024-03-01' is a date, wanted a number"),
    ("totals", with_cell("fixed acidity", "mean"), "wine", "leave out lines of totals"),
    ("another header", WHOLE + ";".join(reversed(NAMES)), "wine", "line 3, fixed acidity: 'quality' is not a number"),
    ("header over two lines", WHOLE.replace("total sulfur", '"total\nsulfur'), "wine", "line 1 opens a quote"),
    ("no header", ROW, "wine", "line 1 is not a header; wanted one that names the columns"),
    ("zip bomb", bomb(), "wine", "a zip archive or an Excel workbook"),
    ("UTF-16 without mark", WHOLE.encode("utf-16-le"), "wine", "UTF-16 text without its mark"),
    ("NUL", WHOLE.replace("7.4", "7\0"), "wine", "is NUL"),
    ("10,000 columns", ";".join(f"c{n}" for n in range(10_000)), "wine", "10,000 columns"),
    ("open quote", WHOLE.replace("7.4", '"7.4'), "wine", "line 2 opens a quote and does not close it"),
    ("sum", with_cell("pH", "=1+1"), "wine", "line 3, pH: '=1+1' is a formula"),
    ("at", with_cell("pH", "@SUM(A1)"), "wine", "is a formula"),
    ("command", with_cell("pH", "+cmd|'/C calc'!A0"), "wine", "is a formula"),
    ("formula for a level", SHELL.replace("M", "=1+1"), "abalone", "line 1, sex: '=1+1' is a formula"),
    ("1e400", with_cell("pH", "1e400"), "wine", "too large for a number"),
    ("NA", with_cell("pH", "NA"), "wine", "1 of 2 rows is out of bounds or incomplete, wanted at most 1% of them"),
    ("question mark", with_cell("quality", "?"), "wine", "the first is line 3: quality is missing"),
    ("nothing but NA", f"{HEADER}\n{';'.join(['NA'] * 12)}\n", "wine", "line 2: fixed acidity is missing"),
    ("inf", with_cell("pH", "-inf"), "wine", "'-inf' is not a number"),
    ("1_000", with_cell("free sulfur dioxide", "1_000"), "wine", "a sign between its digits"),
    ("thousands", with_cell("free sulfur dioxide", "1,000.5"), "wine", "a sign between its digits"),
    ("0x10", with_cell("free sulfur dioxide", "0x10"), "wine", "'0x10' is not a number"),
    ("Arabic digits", with_cell("free sulfur dioxide", "١١"), "wine", "the digits 0 to 9"),
    ("a comma among points", with_cell("alcohol", "9,4"), "wine", "has a comma, while others have a point"),
    ("thousands among points", with_cell("total sulfur dioxide", "1,046"), "wine", "write decimals with a point"),
    (
        "thousands or decimals",
        f"{HEADER}\n7;1;0;2;0;11;1,046;1;3;1;9;5\n",
        "wine",
        "line 2, total sulfur dioxide: '1,046' may be a decimal or thousands",
    ),
    ("commas for everything", WHOLE.replace(";", ",").replace(".", ","), "wine", "line 2 has 20 fields, wanted 12"),
    (
        "out of range",
        with_cell("alcohol", "94"),
        "wine",
        "1 of 2 rows is out of bounds or incomplete, wanted at most 1% of them",
    ),
    ("not whole", with_cell("quality", "5.5"), "wine", "the first is line 3: quality 5.5 is not whole"),
    ("no level", SHELL.replace("M", "X"), "abalone", "sex 'X' is none of I, F, M"),
    ("long text", with_cell("pH", "x" * 10_000), "wine", "xxx…' is not a number"),
]


@pytest.mark.parametrize(("body", "project", "words"), [case[1:] for case in REFUSED], ids=[one[0] for one in REFUSED])
def test_a_bad_file_is_refused_in_words(body: bytes | str, project: str, words: str) -> None:
    verdict = judged(body, project)
    assert words in (verdict.reason or "accepted")
    assert len(verdict.reason or "") < 400
    assert "\n" not in (verdict.reason or "")
    assert verdict.rows.empty


SPELLINGS = [
    WHOLE,
    WHOLE.rstrip("\n"),
    WHOLE.replace("\n", "\r\n"),
    WHOLE.replace("\n", "\r"),
    "\ufeff" + WHOLE,
    "\n \n" + WHOLE.replace("\n", "\n\n") + "\t\n",
    "\ufeff\ufeff" + WHOLE,
    WHOLE.replace("\n", "\u0085"),
    WHOLE.replace(";", ","),
    WHOLE.replace(";", "\t"),
    WHOLE.replace(";", "|"),
    WHOLE + "\x1a",
    WHOLE + ";;;;;;;;;;;\n",
    "sep=;\r\n" + WHOLE,
    '"sep=,"\n' + WHOLE.replace(";", ","),
    "# of 1 January\n\n#\n" + WHOLE + "# the end\n",
    "# " + WHOLE,
    WHOLE.replace("\n", ";\n"),
    f";{HEADER}\n17;{ROW}\n",
    f"Unnamed: 0;{HEADER}\n0;{ROW}\n",
    WHOLE.replace("density", "density (g/ml)").replace("alcohol", "Alcohol [% vol]"),
    f"{HEADER}\n{ROW.replace('.', ',')}\n",
    f"{HEADER}\n{ROW.replace('.', ',')}\n".replace(";", "\t"),
    '"' + WHOLE.strip().replace(".", ",").replace(";", '","').replace("\n", '"\n"') + '"\n',
    WHOLE.replace(" ", "_").upper(),
    WHOLE.replace(";", '";"').replace("\n", '"\n"').join(('"', "")).removesuffix('"'),
    "\n".join(";".join(reversed(line.split(";"))) for line in WHOLE.splitlines()),
    WHOLE.replace("7.4;0.7;0;1.9", " +7.40; .7 ;-0.0;19e-1"),
]


def test_the_same_row_in_any_spelling_is_the_same_row() -> None:
    files = [File(str(number), "a.csv", body.encode()) for number, body in enumerate(SPELLINGS)]
    files += [
        File("Latin-1", "a.csv", (WHOLE + "# gemessen in München\n").encode("latin-1")),
        File("UTF-16", "a.csv", WHOLE.encode("utf-16")),
        File("big-endian", "a.csv", b"\xfe\xff" + WHOLE.encode("utf-16-be")),
        File("gzip", "a.csv.gz", gzip.compress(WHOLE.encode())),
        File("gzip in parts", "a.csv.gz", gzip.compress(WHOLE[:99].encode()) + gzip.compress(WHOLE[99:].encode())),
    ]
    wanted, *others = examine(files, DECLARED["wine"]).verdicts
    assert list(wanted.rows.columns) == ["row", *NAMES]
    assert set(map(str, wanted.rows.dtypes[1:])) == {"float64"}
    assert len(wanted.rows["row"][0]) == 32
    for file, verdict in zip(files[1:], others, strict=True):
        assert verdict.reason is None, file
        assert list(verdict.rows["row"]) == list(wanted.rows["row"]), file


def test_files_put_one_after_the_other_are_one_table() -> None:
    other = ROW.replace("7.4", "7.5")
    verdict = judged(f"{WHOLE}\ufeff{HEADER}\n\ufeff{other}\n{HEADER}\n")
    assert verdict.reason is None
    assert verdict.rows["fixed acidity"].tolist() == [7.4, 7.5]
    assert verdict.notes == ("2 lines left out, the first is 3: comments, or the header again",)


def test_a_decimal_comma_is_told_from_thousands_by_the_whole_file() -> None:
    plain = [ROW.replace("0.56", value).replace(".", ",") for value in ("1.046", "0.998", "1.1")]
    verdict = judged("\n".join([HEADER, *plain]))
    assert verdict.reason is None
    assert verdict.rows["sulphates"].tolist() == [1.046, 0.998, 1.1]
    assert verdict.notes == ("its decimals are written with a comma, and were read so",)


@pytest.mark.parametrize("missing", ["", "NA", "n/a", "#N/A", "NaN", "null", "None", "?", "-"])
def test_few_rows_with_a_missing_value_are_left_out_and_told(missing: str) -> None:
    rows = [ROW.replace("7.4", f"{5 + number / 100}") for number in range(200)]
    for number in (0, 150):
        rows[number] = rows[number].replace("3.51", missing)
    verdict = judged("\n".join([HEADER, *rows]) + "\n")
    assert (verdict.reason, verdict.refused_rows, verdict.notes) == (None, 2, ("2 rows: pH is missing",))
    assert len(verdict.rows) == 198


def test_there_is_one_zero_also_in_another_batch() -> None:
    minus = judged(WHOLE.replace("0.7;0;1.9", "0.7;-0.0;1.9"))
    assert list(minus.rows["row"]) == list(judged(WHOLE).rows["row"])


def test_a_header_may_be_left_out_where_the_table_says_so() -> None:
    header = ",".join(column.name for column in ABALONE.table.columns)
    bare, headed = judged(SHELL, "abalone"), judged(f"{header}\n{SHELL}\n", "abalone")
    assert bare.reason is None
    assert list(bare.rows["row"]) == list(headed.rows["row"])
    assert bare.rows["sex"].tolist() == ["M"]


def test_few_rows_out_of_bounds_are_left_out_and_told() -> None:
    body = tabular_samples.look_alike("abalone", 400, 1)
    examined = examine(
        [File("a", "a.csv", body), File("b", "b.csv", b"?"), File("c", "c.csv", body)], DECLARED["abalone"]
    )
    a, b, c = examined.verdicts
    assert [one.upload for one in examined.verdicts] == ["a", "b", "c"]
    for one in (a, c):
        assert (one.reason, one.refused_rows, one.notes) == (None, 2, ("2 rows: height 0 is not above 0",))
        assert len(one.rows) == 398
        assert (one.rows["height"] > 0).all()
    assert b.reason is not None
    assert list(a.rows["row"]) == list(c.rows["row"])
    (_, height) = [one for one in examined.suites if one.column == "height"]
    assert (height.checked, height.failed) == (800, 4)


def test_different_rows_are_told_apart() -> None:
    rows = [ROW, ROW.replace("7.4", "7.5"), ROW.replace("7.4;0.7", "0.7;7.4").replace("0.7;7.4", "1.7;4.4")]
    verdict = judged("\n".join([HEADER, *rows]) + "\n")
    assert verdict.reason is None
    assert verdict.rows["row"].nunique() == 3


spellings = st.sampled_from([repr, "{:.17e}".format, "{:+.17g}".format, lambda x: f" {x!r}\t"])


layouts = st.tuples(
    st.permutations(range(12)), spellings, st.sampled_from(";,"), st.sampled_from(["\n", "\r\n", "\n\n"])
)


@settings(QUICK, max_examples=8)
@given(values=st.lists(st.floats(1, 2.5), min_size=11, max_size=11), written=st.lists(layouts, min_size=8, max_size=8))
def test_spelling_and_order_never_change_a_row(values: list[float], written: list[Any]) -> None:
    inside = [c.low + (c.high - c.low) * (v - 0.9) / 2 for c, v in zip(WINE.table.columns, values, strict=False)]
    files = [File("plain", "a.csv", f"{HEADER}\n{';'.join([*map(repr, inside), '5'])}\n".encode())]
    for order, write, delimiter, newline in written:
        other = [*map(write, inside), "5.0"]
        lines = [delimiter.join(cells[index] for index in order) for cells in (NAMES, other)]
        files.append(File("other", "a.csv", newline.join(lines).encode()))
    plain, *others = examine(files, DECLARED["wine"]).verdicts
    assert plain.reason is None
    assert plain.rows[NAMES[:-1]].iloc[0].tolist() == inside
    for verdict in others:
        assert list(verdict.rows["row"]) == list(plain.rows["row"])


pieces = st.lists(
    st.sampled_from(
        [HEADER, ROW, SHELL, "\n", "\r", ";", ",", '"', "=", "-", "٣", "é", "\0", "1e999", " ", "\ufeff", "M"]
    )
    | st.text(max_size=5),
    max_size=30,
).map(lambda parts: "".join(parts).encode())


@QUICK
@given(body=st.binary(max_size=400) | pieces, project=st.sampled_from(sorted(DECLARED)))
@example(body=b'"', project="wine")
@example(body=HEADER.encode() + b'\n"' + ROW.encode() + b'"', project="wine")
@example(body=HEADER.encode() + b"\n" + ROW.replace("7.4", '7"."4').encode(), project="wine")
def test_any_bytes_get_a_verdict(body: bytes, project: str) -> None:
    verdict = judged(body, project)
    assert verdict.reason is None or verdict.rows.empty
    assert verdict.reason is not None or len(verdict.rows) + verdict.refused_rows > 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"a;" * 10_000_000, "10,000,001 columns"),
        (WHOLE.encode() + b"x" * (60 * 2**20), "line 3 is 62,914,560 bytes long"),
        (b"\n" * (60 * 2**20), "blank lines alone"),
        (b"1\n" * (20 * 2**20), "lines, wanted at most 2,000,000"),
        (HEADER.encode() + b"\n" + b'"' * (30 * 2**20), "bytes long"),
    ],
    ids=["columns", "one field", "newlines", "lines", "quotes"],
)
def test_a_hostile_size_is_known_before_a_column_is_read(
    body: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyarrow.csv.read_csv", pytest.fail)
    assert words in (judged(body).reason or "accepted")


@pytest.mark.parametrize(
    ("project", "name", "rows", "different", "refused"),
    [("wine", "winequality-red.csv", 1599, 1359, 0), ("abalone", "abalone.data", 4175, 4175, 2)],
)
def test_the_real_tables(project: str, name: str, rows: int, different: int, refused: int) -> None:
    folder = os.environ.get("TABLES_DATA")
    if not folder or not Path(folder, name).is_file():
        pytest.skip(f"TABLES_DATA names no folder with {name}; the real table is not tested here")
    verdict = judged(Path(folder, name).read_bytes(), project)
    assert verdict.reason is None
    assert (len(verdict.rows), verdict.rows["row"].nunique(), verdict.refused_rows) == (rows, different, refused)
